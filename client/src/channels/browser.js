/*!
 * Channels for Socket.IO clients, an add-on: channels(io()) has subscribe(), unsubscribe() and
 * publish(). Part of actix-socketio. MIT OR Apache-2.0
 */
import { channels } from "./channels.js";

// `publish` is a parameter of the function around this bundle (build.mjs).
publish(channels);
