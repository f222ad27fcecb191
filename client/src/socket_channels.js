import { withChannels } from "./channels/with_channels.js";
import { Socket } from "./socket/socket.js";

/**
 * Adds channels to a socket, and returns it. One of the official client gets all but positions,
 * which the add-on alone has for it.
 */
export const channels = (socket, options) => withChannels(socket, options);

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
