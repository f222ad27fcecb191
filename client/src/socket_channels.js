import { channels } from "./channels/channels.js";
import { Socket } from "./socket/socket.js";

/** Pages of django-socketio, and of this crate, expect the methods of channels on each socket. */
for (const name of ["subscribe", "unsubscribe", "publish", "broadcast_channel"]) {
  Socket.prototype[name] = function channelMethod(...args) {
    return channels(this, this.io.opts)[name](...args);
  };
}

Object.defineProperty(Socket.prototype, "channels", {
  get() {
    return channels(this, this.io.opts).channels;
  },
});
