//! QMI inside MBIM (Qualcomm): one CID that carries a QMUX frame, never padded.

use super::{Raw, messages};

messages! { Qmi;
    1 answer QmiMessage { qmux: Raw as rest }
    1 set SetQmiMessage -> QmiMessage { qmux: Raw as rest }
}
