use tokio::sync::watch;

/// Holds clients back until the server has read the past of its cluster.
#[derive(Debug, Clone, Default)]
pub(crate) struct StartGate(Option<watch::Receiver<bool>>);

impl StartGate {
    /// A gate that opens when the sender sends `true`, or is dropped. The default is an open one.
    pub(crate) fn closed() -> (Self, watch::Sender<bool>) {
        let (opener, is_open) = watch::channel(false);
        (Self(Some(is_open)), opener)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.0.as_ref().is_none_or(|is_open| *is_open.borrow() || is_open.has_changed().is_err())
    }

    /// Waits until it is open.
    pub(crate) async fn opened(self) {
        if let Some(mut is_open) = self.0 {
            // A sender that was dropped opens it, too.
            let _ = is_open.wait_for(|is_open| *is_open).await;
        }
    }
}
