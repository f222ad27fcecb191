use std::mem;

/// The name of a type as people write it: `Option<String>`, without the paths of modules.
pub(super) fn short_type_name(name: &str) -> String {
    let mut short = String::with_capacity(name.len());
    let mut path = String::new();
    for c in name.chars() {
        match c {
            // The end of a module's name.
            ':' => path.clear(),
            c if c.is_alphanumeric() || c == '_' => path.push(c),
            c => {
                short += &mem::take(&mut path);
                short.push(c);
            }
        }
    }
    short + &path
}

#[cfg(test)]
mod tests {
    use std::{any::type_name, collections::HashMap};

    use super::*;

    #[test]
    fn a_type_has_no_path() {
        assert_eq!(short_type_name(type_name::<u8>()), "u8");
        assert_eq!(short_type_name(type_name::<String>()), "String");
        assert_eq!(
            short_type_name(type_name::<Option<HashMap<String, Vec<(u8, [f32; 2])>>>>()),
            "Option<HashMap<String, Vec<(u8, [f32; 2])>>>"
        );
        assert_eq!(short_type_name("dyn core::fmt::Debug + a_b::C1"), "dyn Debug + C1");
        assert_eq!(short_type_name("&'static str"), "&'static str");
    }
}
