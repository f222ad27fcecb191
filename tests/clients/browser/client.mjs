// In place of tests/clients/client.mjs: the client that the page has loaded.

export const { io } = window;

/** The official client has no channels. */
export const isOurs = Boolean(io.channels);

export const sendsHeaders = (mode) => mode !== "websocket";

/** What of `auth` is the application's: our client also asks for positions. */
export const ownAuth = ({ offsets, ...auth }) => auth;
