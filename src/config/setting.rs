/// Describes a setting: its name, its docs, its default. [`Config::SETTINGS`] lists all.
///
/// ```
/// use actix_socketio::Config;
///
/// for setting in Config::SETTINGS {
///     println!("# {}\n{} = {}", setting.docs(), setting.name, setting.default);
/// }
/// ```
///
/// [`Config::SETTINGS`]: crate::Config::SETTINGS
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Setting {
    /// The name of the field of [`Config`](crate::Config), and of the method of
    /// [`Builder`](crate::Builder).
    pub name: &'static str,
    /// The heading under which `docs/limits.md` has it, such as `Compression`.
    pub group: &'static str,
    /// The default, such as `25 s`, `4 MiB`, `true` or `unlimited`.
    pub default: &'static str,
    /// Whether a namespace may have a value of its own, by the method of
    /// [`NamespaceBuilder`](crate::NamespaceBuilder) with this name.
    pub per_namespace: bool,
    pub(super) lines: &'static [&'static str],
}

impl Setting {
    /// The documentation, in Markdown, without the default.
    ///
    /// ```
    /// use actix_socketio::Config;
    ///
    /// let path = Config::SETTINGS.iter().find(|setting| setting.name == "path").unwrap();
    /// assert!(path.docs().starts_with("The path of the endpoint"));
    /// ```
    pub fn docs(&self) -> String {
        let lines: Vec<_> = self.lines.iter().map(|line| line.trim()).collect();
        lines.join("\n")
    }
}
