//! Base64 of attachments, as each client writes it.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};
use bytes::Bytes;

use crate::protocol::DecodeError;

/// For text whose padding may be missing.
const UNPADDED: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes the data of an attachment.
///
/// Nearly all clients write the alphabet of RFC 4648 with padding and in one line. Java's breaks
/// lines after 76 characters and at the end, as MIME does. Like Node, this also takes other white
/// space, missing padding, and the alphabet for URLs.
///
/// # Errors
/// [`DecodeError::Payload`] for any other character, and for text that ends within a byte.
pub(super) fn decode(text: &str) -> Result<Bytes, DecodeError> {
    let data = BASE64_STANDARD.decode(text).or_else(|_| UNPADDED.decode(in_one_line(text)));
    data.map(Bytes::from).map_err(|error| DecodeError::Payload(error.to_string()))
}

/// Returns the text without white space, in the usual alphabet.
fn in_one_line(text: &str) -> Vec<u8> {
    let characters = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let usual = characters.map(|byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    });
    usual.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_form_that_clients_write_is_read() {
        for text in [
            "AQL7/w==",
            "AQL7/w==\n",
            "AQL7\n/w==\n",
            "AQL7\r\n/w==\r\n",
            " AQ L7\t/w= =",
            "AQL7/w",
            "AQL7_w==",
            "AQL7_w",
            "AQL7/w=",
        ] {
            assert_eq!(decode(text), Ok(Bytes::from_static(&[1, 2, 251, 255])), "{text:?}");
        }
        for text in ["", "\n", "\r\n"] {
            assert_eq!(decode(text), Ok(Bytes::new()), "{text:?}");
        }
        for text in
            ["A", "AQL7A", "AQ==AQ==", "AQL7=", "=", "====", "AQL7%", "AQL7é", "AQL7\0", "AR"]
        {
            assert!(matches!(decode(text), Err(DecodeError::Payload(_))), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn lines_of_any_length_are_joined(
            data in proptest::collection::vec(any::<u8>(), 0..300),
            width in 1..80usize,
        ) {
            let text = BASE64_STANDARD.encode(&data);
            let lines: Vec<_> =
                text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
            for end in ["\n", "\r\n"] {
                let text = lines.iter().map(|line| format!("{line}{end}")).collect::<String>();
                prop_assert_eq!(decode(&text), Ok(data.clone().into()));
            }
        }
    }
}
