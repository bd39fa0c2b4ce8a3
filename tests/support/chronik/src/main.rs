// SPDX-License-Identifier: Apache-2.0
//! Writes WAL files as Chronik wrote them, and what is in them. usage: chronik-fixtures FOLDER

mod canonical;
mod case;
mod cases;
mod codec;
mod kafka;
mod wal;

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: chronik-fixtures FOLDER");
        std::process::exit(2);
    };
    for case in cases::all() {
        case.write(folder.as_ref())?;
    }
    Ok(())
}
