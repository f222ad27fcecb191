//! The command line.

use std::{ffi::OsString, fmt, ops::RangeInclusive, path::PathBuf, time::Duration};

use crate::listen;

pub(crate) const HELP: &str = "\
Live scores: real football matches, played as if live, in every open browser.

Usage: live_scores [OPTIONS] [ADDRESS]

  ADDRESS            where to listen: HOST:PORT or PORT
                     [default: 127.0.0.1:$PORT, or 127.0.0.1:8080]
  --address ADDRESS  the same
  --speed MINUTES    match minutes in a second       [default: 1]
                     from 0.01 to 60; a match lasts about 100 minutes
  --window SECONDS   how long a page that lost its connection may be away, and
                     still get all that it missed    [default: 120]
                     from 1 to 3600
  --matches FILE     play the matches of FILE, in openfootball's worldcup.json
                     format, instead of those that come with the demo
  -h, --help         this text

$RUST_LOG sets the level of the log [default: warn].
";

const SPEEDS: RangeInclusive<f64> = 0.01..=60.0;
const WINDOWS: RangeInclusive<u64> = 1..=3_600;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Command {
    Help,
    Run(Options),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) address: String,
    /// Match minutes in a second.
    pub(crate) speed: f64,
    /// How long a page may be away and still get all that it missed.
    pub(crate) window: Duration,
    pub(crate) matches: Option<PathBuf>,
}

/// A mistake in the command line. The program prints it, and exits with code 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UsageError(String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; --help explains the options", self.0)
    }
}

/// Reads the arguments, without the program's name, and `$PORT`. They need not be text.
pub(crate) fn parse(
    args: impl IntoIterator<Item = OsString>,
    port: Option<OsString>,
) -> Result<Command, UsageError> {
    let mut args = args.into_iter();
    let (mut address, mut speed, mut window, mut matches) = (None, None, None, None);
    while let Some(arg) = args.next() {
        let text = arg.to_string_lossy().into_owned();
        let (option, mut value) = match text.split_once('=') {
            Some((option, value)) if text.starts_with("--") => (option, Some(value.into())),
            _ => (text.as_str(), None),
        };
        let mut value = || {
            let value = value.take().or_else(|| args.next());
            value.ok_or_else(|| UsageError(format!("{option} needs a value after it")))
        };
        match option {
            "-h" | "--help" => return Ok(Command::Help),
            "--address" => once(&mut address, option, value()?)?,
            "--speed" => once(&mut speed, option, checked_speed(&value()?)?)?,
            "--window" => once(&mut window, option, checked_window(&value()?)?)?,
            "--matches" => once(&mut matches, option, PathBuf::from(value()?))?,
            _ if option.starts_with('-') => {
                return Err(UsageError(format!("there is no option {option:?}")));
            }
            _ => once(&mut address, "ADDRESS", arg)?,
        }
    }
    Ok(Command::Run(Options {
        address: listen::address(address, port).map_err(UsageError)?,
        speed: speed.unwrap_or(1.0),
        window: window.unwrap_or(Duration::from_secs(120)),
        matches,
    }))
}

/// Stores the value of an option. A second value is an error, since taking the last one would hide
/// a mistake.
fn once<T>(place: &mut Option<T>, option: &str, value: T) -> Result<(), UsageError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(UsageError(format!("{option} is given twice"))),
    }
}

fn checked_speed(value: &OsString) -> Result<f64, UsageError> {
    let text = value.to_string_lossy();
    match text.parse::<f64>() {
        Ok(speed) if SPEEDS.contains(&speed) => Ok(speed),
        _ => Err(UsageError(format!(
            "{text:?} is not a speed; write a number of match minutes in a second, from {} to {}",
            SPEEDS.start(),
            SPEEDS.end()
        ))),
    }
}

fn checked_window(value: &OsString) -> Result<Duration, UsageError> {
    let text = value.to_string_lossy();
    match text.parse::<u64>() {
        Ok(seconds) if WINDOWS.contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err(UsageError(format!(
            "{text:?} is not a window; write a number of seconds from {} to {}",
            WINDOWS.start(),
            WINDOWS.end()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> Result<Command, UsageError> {
        parse(line.split_whitespace().map(OsString::from), None)
    }

    fn options(line: &str) -> Options {
        match run(line) {
            Ok(Command::Run(options)) => options,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn nothing_is_needed() {
        let it = options("");
        assert_eq!((it.address.as_str(), it.speed, it.matches), ("127.0.0.1:8080", 1.0, None));
        assert_eq!(it.window, Duration::from_secs(120));
    }

    #[test]
    fn everything_in_any_order() {
        for line in [
            "[::]:80 --speed 2.5 --window 9 --matches cup.json",
            "--matches=cup.json --speed=2.5 --window=9 --address=[::]:80",
            "--window 9 --speed 2.5 --address [::]:80 --matches cup.json",
        ] {
            let it = options(line);
            assert_eq!((it.address.as_str(), it.speed), ("[::]:80", 2.5), "{line}");
            assert_eq!(it.matches, Some(PathBuf::from("cup.json")));
            assert_eq!(it.window, Duration::from_secs(9));
        }
        assert_eq!(options("localhost:0").address, "localhost:0");
        assert_eq!(options("9000").address, "127.0.0.1:9000");
        assert_eq!(run("--speed 2 --help"), Ok(Command::Help));
        assert_eq!(run("-h"), Ok(Command::Help));
    }

    #[test]
    fn the_port_of_the_environment_stands_back_behind_an_argument() {
        let address = |args: &[&str], port: &str| match parse(
            args.iter().map(OsString::from),
            Some(port.into()),
        ) {
            Ok(Command::Run(options)) => Ok(options.address),
            Ok(Command::Help) => panic!("no help was asked for"),
            Err(error) => Err(error.to_string()),
        };
        assert_eq!(address(&[], "9000").unwrap(), "127.0.0.1:9000");
        assert_eq!(address(&["[::1]:80"], "9000").unwrap(), "[::1]:80");
        assert_eq!(address(&["--address", "80"], "9000").unwrap(), "127.0.0.1:80");
        for bad in ["", "http", "65536", "-1", "0.0.0.0:80"] {
            let problem = address(&[], bad).unwrap_err();
            assert!(problem.starts_with(&format!("PORT is {bad:?}, and not a port")), "{problem}");
        }
    }

    #[test]
    fn mistakes_name_the_value() {
        for (line, expected) in [
            ("--fast", "no option \"--fast\""),
            ("-x", "no option \"-x\""),
            ("--speed", "--speed needs a value"),
            ("--speed fast", "\"fast\" is not a speed"),
            ("--speed=0", "\"0\" is not a speed"),
            ("--speed NaN", "\"NaN\" is not a speed"),
            ("--speed inf", "\"inf\" is not a speed"),
            ("--speed -1", "\"-1\" is not a speed"),
            ("--window 0", "\"0\" is not a window"),
            ("--window 1.5", "\"1.5\" is not a window"),
            ("--window=3601", "\"3601\" is not a window"),
            ("--speed 1 --speed 2", "--speed is given twice"),
            ("+80", "\"+80\" is not an address"),
            ("65536", "\"65536\" is not an address"),
            (":8080", "\":8080\" is not an address"),
            ("localhost:http", "\"localhost:http\" is not an address"),
            ("localhost:65536", "\"localhost:65536\" is not an address"),
            ("a:1 b:2", "ADDRESS is given twice"),
        ] {
            let problem = run(line).unwrap_err().to_string();
            assert!(problem.contains(expected), "{line}: {problem}");
            assert!(problem.ends_with("--help explains the options"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn arguments_that_are_not_text() {
        use std::os::unix::ffi::OsStringExt;
        let strange = || OsString::from_vec(vec![0xff, b'x']);
        assert!(parse([strange()], None).is_err());
        assert!(parse([], Some(strange())).is_err());
        assert!(parse(["--speed".into(), strange()], None).is_err());
        // A file may have any name.
        let Ok(Command::Run(it)) = parse(["--matches".into(), strange()], None) else {
            panic!("refused");
        };
        assert_eq!(it.matches, Some(PathBuf::from(strange())));
    }

    #[test]
    fn the_help_names_every_option() {
        for option in ["--address", "--speed", "--window", "--matches", "--help"] {
            assert!(HELP.contains(option));
        }
    }
}
