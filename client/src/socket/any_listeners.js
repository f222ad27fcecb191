/** Listeners of all events. The arrays are replaced, so they may change while they are called. */
export const anyListeners = {
  /** `listener(event, ...args)` receives all events of the server, before the others do. */
  onAny(listener) {
    this._any = [...this._any, listener];
    return this;
  },

  prependAny(listener) {
    this._any = [listener, ...this._any];
    return this;
  },

  /** Removes a listener, or all. */
  offAny(listener) {
    this._any = this._any.filter((each) => listener && each !== listener);
    return this;
  },

  listenersAny() {
    return this._any;
  },

  /** `listener(event, ...args)` receives all events that are sent, when they are sent. */
  onAnyOutgoing(listener) {
    this._anyOutgoing = [...this._anyOutgoing, listener];
    return this;
  },

  prependAnyOutgoing(listener) {
    this._anyOutgoing = [listener, ...this._anyOutgoing];
    return this;
  },

  offAnyOutgoing(listener) {
    this._anyOutgoing = this._anyOutgoing.filter((each) => listener && each !== listener);
    return this;
  },

  listenersAnyOutgoing() {
    return this._anyOutgoing;
  },
};
