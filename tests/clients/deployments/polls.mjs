// 60 clients on polling, with 60 acknowledgements each. Prints how many have arrived.
//
// node polls.mjs, with SERVER_URL

import { io } from "../client.mjs";

const [CLIENTS, ACKS] = [60, 60];
const LIMIT = 60_000;

async function client() {
  const socket = io(process.env.SERVER_URL, {
    forceNew: true,
    transports: ["polling"],
    reconnection: false,
  });
  let answered = 0;
  try {
    await new Promise((connected, refused) => {
      socket.on("connect", connected);
      socket.on("connect_error", refused);
    });
    const lost = new Promise((_, refused) => socket.on("disconnect", (...why) => refused(why)));
    lost.catch(() => {});
    for (let n = 0; n < ACKS; n++) {
      const answer = socket.timeout(LIMIT).emitWithAck("echo", n);
      if ((await Promise.race([answer, lost])) === n) answered++;
    }
  } catch (error) {
    console.log("lost:", error);
  }
  socket.disconnect();
  return answered;
}

const answered = await Promise.all(Array.from({ length: CLIENTS }, client));
console.log(`${answered.reduce((sum, count) => sum + count)} of ${CLIENTS * ACKS}`);
