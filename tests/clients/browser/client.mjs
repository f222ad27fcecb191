// In place of tests/clients/client.mjs: the client that the page has loaded.

export const { io } = window;

/** The official client has no channels. */
export const isOurs = Boolean(io.channels);

export const sendsHeaders = (mode) => mode !== "websocket";
