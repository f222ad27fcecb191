use tokio::sync::mpsc;

use crate::protocol::Frame;

/// Sees each frame that goes out to one client, for the server itself.
#[cfg(feature = "admin")]
pub(crate) trait FrameTap: std::fmt::Debug + Send + Sync {
    /// A frame goes out. It is called under a lock of the socket, so it must not wait.
    fn sent(&self, frame: &Frame);
}

/// Receives a copy of each frame that goes out to one client.
#[derive(Debug)]
pub(super) enum FrameObserver {
    /// A listener of the application.
    Listener(mpsc::Sender<Frame>),
    #[cfg(feature = "admin")]
    Tap(std::sync::Arc<dyn FrameTap>),
}

impl FrameObserver {
    /// Passes a frame on. `false`: the observer is gone.
    pub(super) fn notify(&self, frame: &Frame) -> bool {
        match self {
            Self::Listener(listener) => !matches!(
                listener.try_send(frame.clone()),
                Err(mpsc::error::TrySendError::Closed(_))
            ),
            #[cfg(feature = "admin")]
            Self::Tap(tap) => {
                tap.sent(frame);
                true
            }
        }
    }

    #[cfg(feature = "admin")]
    pub(super) fn is_tap(&self) -> bool {
        matches!(self, Self::Tap(_))
    }
}
