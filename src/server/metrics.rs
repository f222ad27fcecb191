use std::fmt;

use actix_web::{
    HttpResponse,
    http::header::CONTENT_TYPE,
    middleware::from_fn,
    web::{self, ServiceConfig},
};
#[cfg(feature = "api")]
use prometheus_client::encoding::NoLabelSet;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, text::encode},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

use super::{SocketIo, process_metrics::ProcessMetrics};
use crate::{
    http::close_unread_bodies,
    stats::{Families, Family, FamilyKind, PREFIX, SampleValue},
};

/// The type of the text, with its version: OpenMetrics, which Prometheus asks for.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The metrics of a server for Prometheus: [`SocketIo::metrics`](crate::SocketIo::metrics).
///
/// The values are read when they are asked for. Nothing runs in between, and there is no global
/// recorder. The names are those of the page
/// [observability](crate::guide::observability), and no label has a value that a client chooses.
///
/// It is a [`Collector`], too, for an application that has a [`Registry`]:
///
/// ```
/// # actix::System::new().block_on(async {
/// use actix_socketio::SocketIo;
/// use prometheus_client::registry::Registry;
///
/// let io = SocketIo::builder().build().unwrap();
/// let mut registry = Registry::default();
/// registry.register_collector(Box::new(io.metrics()));
/// # });
/// ```
#[derive(Clone)]
pub struct Metrics {
    io: SocketIo,
    has_process: bool,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl SocketIo {
    /// The metrics of this server, for Prometheus.
    ///
    /// In one line, they are a page of your application:
    ///
    /// ```no_run
    /// use actix_socketio::{SocketIo, SocketIoServerExt};
    /// use actix_web::{App, HttpServer};
    ///
    /// # async fn example(io: SocketIo) -> std::io::Result<()> {
    /// let app = io.clone();
    /// HttpServer::new(move || {
    ///     App::new().configure(app.mount()).configure(app.metrics().mount("/metrics"))
    /// })
    /// .socketio(&io)
    /// .bind(("127.0.0.1", 8080))?
    /// .run()
    /// .await
    /// # }
    /// ```
    pub fn metrics(&self) -> Metrics {
        Metrics { io: self.clone(), has_process: false }
    }
}

impl Metrics {
    /// Adds the values of the process, by the names that Prometheus has for them, such as
    /// `process_resident_memory_bytes`. They are read from `/proc`, and are left out on systems
    /// without it. Without the call, an application may have them from elsewhere.
    ///
    /// ```
    /// # actix::System::new().block_on(async {
    /// let io = actix_socketio::SocketIo::builder().build().unwrap();
    /// let text = io.metrics().with_process().to_text();
    /// assert_eq!(text.contains("\nprocess_open_fds "), cfg!(target_os = "linux"));
    /// # });
    /// ```
    #[must_use]
    pub fn with_process(mut self) -> Self {
        self.has_process = true;
        self
    }

    /// The values of this moment, as OpenMetrics text.
    ///
    /// ```
    /// # actix::System::new().block_on(async {
    /// let io = actix_socketio::SocketIo::builder().build().unwrap();
    /// let text = io.metrics().to_text();
    /// assert!(text.contains("\nactix_socketio_connections 0\n"), "{text}");
    /// # });
    /// ```
    pub fn to_text(&self) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self.clone()));
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &registry);
        text
    }

    /// Serves [`to_text`](Self::to_text) at a path, by
    /// [`App::configure`](actix_web::App::configure). The page is open to everyone who reaches it:
    /// mount it where only the monitor does.
    pub fn mount(self, path: &str) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let path = path.to_owned();
        move |services| {
            let page = move || {
                let text = self.to_text();
                async move { HttpResponse::Ok().insert_header((CONTENT_TYPE, OPEN_METRICS)).body(text) }
            };
            // As the endpoint itself, it keeps no connection of a client that never ends its body.
            let page = web::resource(path).route(web::get().to(page));
            services.service(page.wrap(from_fn(close_unread_bodies)));
        }
    }
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for family in Families::of(&self.io.stats()).0 {
            encode_one(&mut encoder, &family)?;
        }
        if self.has_process
            && let Some(process) = ProcessMetrics::read()
        {
            process.encode(&mut encoder)?;
        }
        let name = format!("{PREFIX}build_info");
        let kind = MetricType::Gauge;
        let mut build = encoder.encode_descriptor(&name, "The version, as a label", None, kind)?;
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        ConstGauge::new(1_u64).encode(build.encode_family(&version)?)
    }
}

fn encode_one(
    encoder: &mut DescriptorEncoder<'_>,
    Family { name, kind, help, labels, samples }: &Family,
) -> fmt::Result {
    let (name, kind) = match kind {
        FamilyKind::Gauge => (*name, MetricType::Gauge),
        // The encoder adds the end of the name itself.
        FamilyKind::Counter => (name.trim_end_matches("_total"), MetricType::Counter),
        #[cfg(feature = "api")]
        FamilyKind::Histogram => (*name, MetricType::Histogram),
    };
    let name = format!("{PREFIX}{name}");
    let mut encoder = encoder.encode_descriptor(&name, help, None, kind)?;
    for (of, value) in samples {
        let labels: Vec<_> =
            labels.iter().zip(of).map(|(label, of)| (*label, of.as_str())).collect();
        let encoder = encoder.encode_family(&labels)?;
        match (kind, value) {
            (MetricType::Counter, SampleValue::Whole(value)) => {
                ConstCounter::new(*value).encode(encoder)?;
            }
            (_, SampleValue::Whole(value)) => ConstGauge::new(*value).encode(encoder)?,
            (_, SampleValue::Real(value)) => ConstGauge::new(*value).encode(encoder)?,
            #[cfg(feature = "api")]
            (_, SampleValue::Times(times)) => {
                let mut encoder = encoder;
                let buckets: Vec<_> = times.seconds().collect();
                let sum = times.sum.as_secs_f64();
                encoder.encode_histogram::<NoLabelSet>(sum, times.count, &buckets, None)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix::test]
    async fn each_family_has_its_kind_its_help_and_its_values() {
        let io = SocketIo::builder().build().expect("a server");
        let text = io.metrics().to_text();
        for line in [
            "# TYPE actix_socketio_connections gauge",
            "# HELP actix_socketio_connections Connections, those included that end",
            "actix_socketio_connections 0",
            "actix_socketio_sockets{namespace=\"/\"} 0",
            "# TYPE actix_socketio_refusals counter",
            "actix_socketio_refusals_total{reason=\"max_connections\"} 0",
            "actix_socketio_upgrades_total 0",
            concat!("actix_socketio_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
        ] {
            assert!(text.lines().any(|one| one == line), "{line} is not in {text}");
        }
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
