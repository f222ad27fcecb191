//! The client out of a folder of the application.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{ClientFile, ClientFiles, add_on};

/// The largest file that is read, in bytes. The official files have 300 KB at most.
const MAX_CLIENT_FILE: u64 = 4 * 1024 * 1024;

/// The file without which there is no client.
const SCRIPT: &str = "socket.io.js";

/// The names of Socket.IO's package `client-dist`. Other files of the folder are not read.
const NAMES: [&str; 8] = [
    SCRIPT,
    "socket.io.js.map",
    "socket.io.min.js",
    "socket.io.min.js.map",
    "socket.io.esm.min.js",
    "socket.io.esm.min.js.map",
    "socket.io.msgpack.min.js",
    "socket.io.msgpack.min.js.map",
];

/// A folder that has no client: the path that was tried, and why it failed.
#[derive(Debug)]
pub(crate) struct FolderError {
    pub(crate) path: PathBuf,
    pub(crate) error: io::Error,
}

impl ClientFiles {
    /// Reads the client in a folder. The add-on with channels is always that of this crate.
    pub(crate) fn read(folder: &Path) -> Result<Self, FolderError> {
        let mut files = Vec::new();
        for name in NAMES {
            let path = folder.join(name);
            match read(&path) {
                Ok(content) => files.push(ClientFile::new(name, content.into())),
                Err(error) if error.kind() == io::ErrorKind::NotFound && name != SCRIPT => {}
                Err(error) => return Err(FolderError { path, error }),
            }
        }
        Ok(Self(files.into_iter().chain(add_on()).collect()))
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path)?.take(MAX_CLIENT_FILE + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MAX_CLIENT_FILE {
        let text = format!("it has more than {MAX_CLIENT_FILE} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(content)
}
