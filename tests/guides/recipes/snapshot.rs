use std::{collections::BTreeMap, sync::Mutex};

use actix_socketio::{Builder, Data, HandlerResult, Many, SocketIo, channel};

type Prices = BTreeMap<String, u32>;

/// The prices, and the number of changes that they are made of.
#[derive(Default)]
struct Market(Mutex<(u64, Prices)>);

async fn set_price(market: Data<Market>, io: SocketIo, name: String, price: u32) -> HandlerResult {
    let mut market = market.0.lock().unwrap();
    market.0 += 1;
    market.1.insert(name.clone(), price);
    io.to("market").emit("price", &Many((market.0, name, price)))?;
    Ok(())
}

pub fn builder() -> Builder {
    SocketIo::builder()
        .data(Market::default())
        .route(channel("^market$"))
        .on("set price", set_price)
        .on("snapshot", async |market: Data<Market>| {
            let (number, prices) = market.0.lock().unwrap().clone();
            Ok(Many((number, prices)))
        })
}
