import "../official/polling.test.mjs";
import "../official/websocket.test.mjs";
import "../official/default.test.mjs";
import "../official/coming_back.test.mjs";
