//! What can be asked through a client alone: for QMI inside another protocol, whose modem somebody
//! else has.
//!
//! Contract: a client id for each call, released with it.

use super::{cells, known, radio};
use crate::answers::Cells;
use crate::qmi::client::{Client, Error};
use crate::qmi::frame::Service;
use crate::qmi::messages::nas_info::{GetCells, GetSignalInfo};
use crate::words::Signal;

pub async fn cells_by(client: &Client) -> Result<Cells, Error> {
    let nas = client.lease(Service::Nas).await?;
    Ok(cells::cells(&nas.call(&GetCells::default()).await?))
}

pub async fn signal_by(client: &Client) -> Result<Signal, Error> {
    let nas = client.lease(Service::Nas).await?;
    let signal = nas.call(&GetSignalInfo::default()).await?;
    Ok(known::signal(signal.gsm, signal.wcdma, signal.lte, signal.nr5g))
}

/// Whether one of the commands for it was taken.
pub async fn unlock_fcc_by(client: &Client) -> Result<bool, Error> {
    let dms = client.lease(Service::Dms).await?;
    radio::unlock_fcc(&dms).await
}
