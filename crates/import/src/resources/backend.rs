use std::time::Duration;

use apimite_model::{
    Backend, BackendCredentials, BackendKind, BackendProxy, BackendTls, CircuitBreaker, PoolMember, Secret,
    SessionAffinity,
};

use super::tail;
use crate::draft::{Place, Placed};
use crate::problems::Sheet;
use crate::tree::table::Table;

/// Source: backend contract, `pool.services`: 1 to 30 members.
const MAX_POOL_MEMBERS: usize = 30;

/// Reads a backend contract.
pub(crate) fn backend(id: &str, mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> Option<Placed<Backend>> {
    let at = Place::new(sheet.source, table.span());
    let kind = match table.table(sheet, "pool") {
        Some(pool) => pool_of(id, pool, sheet),
        None => {
            let Some((url, span)) = table.text_at(sheet, "url") else {
                let help = "write `\"url\": \"https://…\"`, or `\"pool\"` with its `\"services\"`";
                sheet.error("backend::url", at.span, format!("the backend `{id}` has neither a URL nor a pool"), help);
                return None;
            };
            if !crate::url::is_base_url(&url) {
                sheet.error("backend::url", span, format!("`{url}` is no base URL"), crate::url::HELP);
            }
            BackendKind::Single { url: url.into() }
        }
    };
    let title = table.text(sheet, "title").unwrap_or_default().into();
    let azure_region = table.text(sheet, "azureRegion").map(Into::into);
    let credentials = table.table(sheet, "credentials").map(|t| credentials(t, sheet)).unwrap_or_default();
    let proxy = table.table(sheet, "proxy").and_then(|mut proxy| {
        Some(BackendProxy {
            url: proxy.text(sheet, "url")?.into(),
            username: proxy.text(sheet, "username").map(Into::into),
            password: proxy.text(sheet, "password").map(|text| Secret::new(text.into_owned())),
        })
    });
    let tls = table.table(sheet, "tls").map_or_else(BackendTls::default, |mut tls| BackendTls {
        validate_chain: tls.flag(sheet, "validateCertificateChain").unwrap_or(true),
        validate_name: tls.flag(sheet, "validateCertificateName").unwrap_or(true),
    });
    let circuit_breaker = table.table(sheet, "circuitBreaker").and_then(|breaker| breaker_of(breaker, sheet));
    let value = Backend { id: id.into(), title, kind, azure_region, credentials, proxy, tls, circuit_breaker };
    Some(Placed { value, at })
}

fn pool_of(id: &str, mut pool: Table<'_, '_>, sheet: &mut Sheet<'_>) -> BackendKind {
    let mut members = Vec::new();
    for node in pool.get("services").map_or(&[][..], |node| node.items()) {
        let Some(mut member) = Table::open(sheet, node, "services") else { continue };
        let number = |value: Option<u64>, usual| value.and_then(|value| u32::try_from(value).ok()).unwrap_or(usual);
        let weight = number(member.whole(sheet, "weight", 0, 100), 1);
        let priority = number(member.whole(sheet, "priority", 0, 100), 1);
        match member.text(sheet, "id") {
            Some(id) => members.push(PoolMember { id: tail(&id).into(), weight, priority }),
            None => sheet.error(
                "backend::pool",
                node.span,
                "a pool member has no `id`",
                "write `\"id\": \"/backends/NAME\"`",
            ),
        }
    }
    if members.is_empty() || members.len() > MAX_POOL_MEMBERS {
        let message = format!("the pool `{id}` has {} members", members.len());
        sheet.error("backend::pool", pool.span(), message, format!("a pool has 1 to {MAX_POOL_MEMBERS} members"));
    }
    let affinity = pool
        .table(sheet, "sessionAffinity")
        .and_then(|mut affinity| affinity.table(sheet, "sessionId"))
        .and_then(|mut session| session.text(sheet, "name").map(|name| SessionAffinity { cookie: name.into() }));
    BackendKind::Pool { members, affinity }
}

fn credentials(mut table: Table<'_, '_>, sheet: &mut Sheet<'_>) -> BackendCredentials {
    let authorization = table.table(sheet, "authorization").and_then(|mut authorization| {
        let scheme = authorization.text(sheet, "scheme")?;
        let parameter = authorization.text(sheet, "parameter").unwrap_or_default();
        Some((scheme.into(), Secret::new(parameter.into_owned())))
    });
    let managed_identity = table.table(sheet, "managedIdentity").and_then(|mut identity| {
        let resource = identity.text(sheet, "resource")?;
        Some((resource.into(), identity.text(sheet, "clientId").map(Into::into)))
    });
    let mut certificates: Vec<Box<str>> = Vec::new();
    for key in ["certificate", "certificateIds"] {
        let list = table.texts(sheet, key).unwrap_or_default();
        certificates.extend(list.iter().map(|(text, _)| Box::from(tail(text))));
    }
    BackendCredentials {
        headers: values(&mut table, sheet, "header"),
        query: values(&mut table, sheet, "query"),
        authorization,
        certificates,
        managed_identity,
    }
}

fn values(table: &mut Table<'_, '_>, sheet: &mut Sheet<'_>, key: &'static str) -> Vec<(Box<str>, Vec<Secret>)> {
    let Some(node) = table.get(key) else { return Vec::new() };
    let mut all = Vec::new();
    for member in node.members() {
        let scalars = match member.node.scalar() {
            Some(text) => vec![Secret::new(text.into_owned())],
            None => {
                member.node.items().iter().filter_map(|item| Some(Secret::new(item.scalar()?.into_owned()))).collect()
            }
        };
        if scalars.is_empty() && !member.node.items().is_empty() {
            sheet.error(
                "import::type",
                member.node.span,
                format!("`{}` has to be a list of texts", member.key),
                "write `[\"value\"]`",
            );
        }
        all.push(((&*member.key).into(), scalars));
    }
    all
}

fn breaker_of(mut breaker: Table<'_, '_>, sheet: &mut Sheet<'_>) -> Option<CircuitBreaker> {
    let rules = breaker.get("rules")?;
    if rules.items().len() > 1 {
        let help = "keep one; Azure allows one rule for each backend";
        sheet.warn("backend::breaker", rules.span, "only the first circuit breaker rule counts", help);
    }
    let mut rule = Table::open(sheet, rules.items().first()?, "rules")?;
    let name = rule.text(sheet, "name").unwrap_or_default().into();
    let trip_duration = duration(&mut rule, sheet, "tripDuration");
    let accept_retry_after = rule.flag(sheet, "acceptRetryAfter").unwrap_or(false);
    let mut condition = rule.table(sheet, "failureCondition")?;
    let number = |value: Option<u64>| value.and_then(|value| u32::try_from(value).ok());
    let count = number(condition.whole(sheet, "count", 1, u64::from(u32::MAX)));
    let percentage = number(condition.whole(sheet, "percentage", 1, 100));
    let interval = duration(&mut condition, sheet, "interval");
    let error_reasons =
        condition.texts(sheet, "errorReasons").unwrap_or_default().into_iter().map(|(text, _)| text.into()).collect();
    let mut status_ranges = Vec::new();
    for node in condition.get("statusCodeRanges").map_or(&[][..], |node| node.items()) {
        let Some(mut range) = Table::open(sheet, node, "statusCodeRanges") else { continue };
        let mut code = |key| range.whole(sheet, key, 100, 599).and_then(|code| u16::try_from(code).ok());
        if let (Some(least), Some(most)) = (code("min"), code("max")) {
            status_ranges.push((least, most));
        }
    }
    Some(CircuitBreaker {
        name,
        count,
        percentage,
        interval,
        status_ranges,
        error_reasons,
        trip_duration,
        accept_retry_after,
    })
}

fn duration(table: &mut Table<'_, '_>, sheet: &mut Sheet<'_>, key: &'static str) -> Duration {
    let Some((text, span)) = table.text_at(sheet, key) else { return Duration::from_secs(60) };
    crate::iso::duration(&text).unwrap_or_else(|| {
        sheet.error(
            "backend::duration",
            span,
            format!("`{key}` cannot be `{text}`"),
            "write an ISO 8601 duration such as `PT1M`",
        );
        Duration::from_secs(60)
    })
}
