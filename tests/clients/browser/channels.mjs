// In place of client/src/channels/channels.js: the add-on that the page has loaded.

export const channels = (...args) => window.channels(...args);
