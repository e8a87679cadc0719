//! What .NET knows of schemes.

/// How addresses of a scheme are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    /// -1 for none.
    pub(super) default_port: i32,
    /// Must `//host` follow?
    pub(super) needs_authority: bool,
    /// Is `\` a `/` in the path, and are `.` and `..` removed?
    pub(super) is_hierarchical: bool,
}

/// The rules of a scheme in lower case.
pub(super) fn rules(scheme: &str) -> Rules {
    let hierarchical = |default_port| Rules { default_port, needs_authority: true, is_hierarchical: true };
    match scheme {
        "http" | "ws" => hierarchical(80),
        "https" | "wss" => hierarchical(443),
        "ftp" => hierarchical(21),
        "gopher" => hierarchical(70),
        "nntp" => hierarchical(119),
        "telnet" => hierarchical(23),
        "ldap" => hierarchical(389),
        "net.tcp" => hierarchical(808),
        "net.pipe" => hierarchical(-1),
        "file" => Rules { default_port: -1, needs_authority: false, is_hierarchical: true },
        "mailto" => Rules { default_port: 25, needs_authority: false, is_hierarchical: false },
        _ => Rules { default_port: -1, needs_authority: false, is_hierarchical: false },
    }
}

/// Does .NET bring rules of its own for a scheme?
pub(super) fn is_known(scheme: &str) -> bool {
    rules(scheme).needs_authority || matches!(scheme, "file" | "mailto" | "news" | "uuid" | "vsmacros")
}

/// `Uri.CheckSchemeName`.
pub fn check_scheme_name(name: &str) -> bool {
    name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}
