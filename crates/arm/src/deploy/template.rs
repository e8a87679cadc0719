//! What the expressions of a template can name, and its resources with all expressions evaluated.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::cx::View;
use crate::error::ArmError;
use crate::kinds;
use crate::path::{Path, key};
use apimite_arm_template::{Failed, MAX_DEPTH, Names, Result, evaluate, inside, member, plain, truth};

/// How many copies a loop may make.
///
/// Source: limits of templates: 800.
const MAX_COPIES: i64 = 800;

/// How many parameters and variables one deployment may look up.
const MAX_LOOKUPS: u32 = 200_000;

/// Where a deployment goes.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) subscription: String,
    pub(super) group: String,
    pub(super) location: String,
    pub(super) name: String,
}

/// What the expressions of one template can name.
pub(super) struct Scope<'a> {
    pub(super) template: &'a Value,
    /// Values of parameters, by name in lower case.
    pub(super) given: BTreeMap<String, Value>,
    pub(super) target: &'a Target,
    pub(super) view: View<'a>,
    /// Copy loops around: name and index, innermost last.
    pub(super) copies: Vec<(String, i64)>,
    /// Resources of this deployment that are there, by id in lower case.
    pub(super) done: &'a BTreeSet<String>,
    /// Ids by symbolic name.
    pub(super) symbols: &'a BTreeMap<String, String>,
    /// Is nothing to be deployed? Then resources that are not there are taken for granted.
    pub(super) trial: bool,
    pub(super) lookups: std::cell::Cell<u32>,
}

/// A resource that is to be deployed.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'t> {
    /// The resource as the template has it.
    pub(super) written: &'t Value,
    /// Copy loop around it.
    pub(super) copy: Option<(String, i64)>,
    /// Type and name of the resource it stands in.
    pub(super) parent: Option<(String, String)>,
    /// Symbolic name.
    pub(super) symbol: Option<String>,
}

impl<'a> Scope<'a> {
    fn count(&self) -> Result<()> {
        self.lookups.set(self.lookups.get().saturating_add(1));
        if self.lookups.get() > MAX_LOOKUPS {
            return Err("parameters and variables refer to one another too often".into());
        }
        Ok(())
    }

    /// The list that `{name, count, input}` makes.
    fn looped(&self, one: &Value, depth: usize) -> Result<Value> {
        let name = one.get("name").map(plain).unwrap_or_default();
        let count = self.count_of(one, depth)?;
        let mut all = Vec::new();
        for index in 0..count {
            let inner = self.within(Some((name.clone(), index)));
            all.push(inner.value(one.get("input").unwrap_or(&Value::Null), depth + 1)?);
            self.lookups.set(inner.lookups.get());
        }
        Ok(all.into())
    }

    fn count_of(&self, one: &Value, depth: usize) -> Result<i64> {
        let count = self.value(one.get("count").unwrap_or(&Value::Null), depth)?;
        let count = count.as_i64().or_else(|| plain(&count).parse().ok()).ok_or("a copy loop needs a `count`")?;
        if (0..=MAX_COPIES).contains(&count) {
            Ok(count)
        } else {
            Err(format!("a copy loop makes 0 to {MAX_COPIES} copies, not {count}").into())
        }
    }

    /// The same scope within a copy loop.
    pub(super) fn within(&self, copy: Option<(String, i64)>) -> Scope<'_> {
        let mut copies = self.copies.clone();
        copies.extend(copy);
        Scope {
            template: self.template,
            given: self.given.clone(),
            target: self.target,
            view: self.view,
            copies,
            done: self.done,
            symbols: self.symbols,
            trial: self.trial,
            lookups: self.lookups.clone(),
        }
    }

    /// Is a resource of this template still to come?
    fn awaited(&self, id: &str) -> bool {
        !self.trial && self.symbols.values().any(|own| key(own) == key(id)) && !self.done.contains(&key(id))
    }

    /// A value with every expression in it evaluated.
    pub(super) fn value(&self, value: &Value, depth: usize) -> Result<Value> {
        if depth > MAX_DEPTH {
            return Err("parameters and variables refer to one another in a circle".into());
        }
        Ok(match value {
            Value::String(written) => match inside(written) {
                Some(expression) => evaluate(expression, self, depth)?,
                None if written.starts_with("[[") => written[1..].into(),
                None => value.clone(),
            },
            Value::Array(all) => all.iter().map(|one| self.value(one, depth + 1)).collect::<Result<Vec<_>>>()?.into(),
            Value::Object(all) => {
                let mut members = Map::new();
                for (name, inner) in all {
                    if name == "copy"
                        && inner.as_array().is_some_and(|list| list.iter().all(|one| one.get("input").is_some()))
                    {
                        for one in inner.as_array().into_iter().flatten() {
                            members
                                .insert(one.get("name").map(plain).unwrap_or_default(), self.looped(one, depth + 1)?);
                        }
                    } else {
                        members.insert(name.clone(), self.value(inner, depth + 1)?);
                    }
                }
                Value::Object(members)
            }
            other => other.clone(),
        })
    }

    /// The resources of the template, copies and inner ones made out.
    pub(super) fn resources(&self, template: &'a Value) -> Result<Vec<Wanted<'a>>> {
        let mut all = Vec::new();
        match template.get("resources") {
            Some(Value::Array(list)) => {
                for one in list {
                    self.expand(one, None, None, &mut all)?;
                }
            }
            Some(Value::Object(named)) => {
                for (symbol, one) in named {
                    self.expand(one, None, Some(symbol), &mut all)?;
                }
            }
            _ => {}
        }
        Ok(all)
    }

    fn expand(
        &self,
        written: &'a Value,
        parent: Option<(String, String)>,
        symbol: Option<&str>,
        all: &mut Vec<Wanted<'a>>,
    ) -> Result<()> {
        let copies: Vec<Option<(String, i64)>> = match written.get("copy") {
            None => vec![None],
            Some(copy) => {
                let name = copy.get("name").map(plain).unwrap_or_default();
                (0..self.count_of(copy, 0)?).map(|index| Some((name.clone(), index))).collect()
            }
        };
        for copy in copies {
            if all.len() >= 800 {
                return Err("a template has at most 800 resources".into());
            }
            let symbol = symbol.map(str::to_owned);
            all.push(Wanted { written, copy: copy.clone(), parent: parent.clone(), symbol });
            let inner = self.within(copy);
            let Some(Value::Array(children)) = written.get("resources") else { continue };
            let (kind, name) = inner.place(written, parent.as_ref())?;
            for child in children {
                self.expand(child, Some((kind.clone(), name.clone())), None, all)?;
            }
        }
        Ok(())
    }

    /// Whole type and whole name of a resource.
    pub(super) fn place(&self, written: &Value, parent: Option<&(String, String)>) -> Result<(String, String)> {
        let text = |name: &str| -> Result<String> {
            let value = written.get(name).ok_or_else(|| format!("a resource has no `{name}`"))?;
            Ok(plain(&self.value(value, 0)?))
        };
        let (kind, name) = (text("type")?, text("name")?);
        Ok(match parent {
            Some((outer, above)) if !kind.contains('.') => (format!("{outer}/{kind}"), format!("{above}/{name}")),
            Some((outer, above)) if kind.matches('/').count() > outer.matches('/').count() && !name.contains('/') => {
                (kind, format!("{above}/{name}"))
            }
            _ => (kind, name),
        })
    }

    /// The id of a resource.
    pub(super) fn id_of(&self, kind: &str, name: &str) -> Result<String> {
        let mut values: Vec<Value> = vec![kind.into()];
        values.extend(name.split('/').map(Value::from));
        self.resource_id("resourceId", &values)
    }

    /// Is the resource to be deployed at all?
    pub(super) fn is_wanted(&self, written: &Value) -> Result<bool> {
        let existing = written.get("existing") == Some(&Value::Bool(true));
        match written.get("condition") {
            _ if existing => Ok(false),
            None => Ok(true),
            Some(condition) => truth(&self.value(condition, 0)?),
        }
    }
}

/// The values of the parameters, checked against what the template declares.
pub(super) fn parameters(template: &Value, given: &Value) -> std::result::Result<BTreeMap<String, Value>, ArmError> {
    let invalid =
        |text: String| ArmError::bad("InvalidTemplate", format!("Deployment template validation failed: '{text}'."));
    let empty = Map::new();
    let declared = template.get("parameters").and_then(Value::as_object).unwrap_or(&empty);
    let mut values = BTreeMap::new();
    for (name, one) in given.as_object().into_iter().flatten() {
        let Some((own, rule)) = declared.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)) else {
            let text = format!(
                "The following parameters were supplied, but do not correspond to any parameters defined in the template: '{name}'"
            );
            return Err(invalid(text));
        };
        let Some(value) = one.get("value") else {
            if one.get("reference").is_some() {
                return Err(invalid(format!(
                    "the parameter '{name}' refers to a key vault, which this stand-in does not have"
                )));
            }
            return Err(invalid(format!("the parameter '{name}' has no `value`")));
        };
        check_value(own, rule, value).map_err(&invalid)?;
        values.insert(name.to_lowercase(), value.clone());
    }
    for (name, rule) in declared {
        let optional = rule.get("defaultValue").is_some() || rule.get("nullable") == Some(&Value::Bool(true));
        if !optional && !values.contains_key(&name.to_lowercase()) {
            return Err(invalid(format!(
                "The value for the template parameter '{name}' is not provided. Please see https://aka.ms/arm-create-parameter-file for usage details."
            )));
        }
    }
    Ok(values)
}

fn check_value(name: &str, rule: &Value, value: &Value) -> std::result::Result<(), String> {
    let kind = rule.get("type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let fits = match kind.as_str() {
        "string" | "securestring" => value.is_string(),
        "int" => value.is_i64() || value.as_str().is_some_and(|text| text.parse::<i64>().is_ok()),
        "bool" => {
            value.is_boolean()
                || value.as_str().is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "true" | "false"))
        }
        "array" => value.is_array(),
        "object" | "secureobject" => value.is_object(),
        _ => true,
    };
    if !fits {
        return Err(format!(
            "Template parameter JToken type is not valid. Expected '{kind}' for the parameter '{name}'"
        ));
    }
    if let Some(allowed) = rule.get("allowedValues").and_then(Value::as_array)
        && !allowed.contains(value)
        && !value.is_array()
    {
        let list: Vec<String> = allowed.iter().map(plain).collect();
        return Err(format!(
            "The provided value for the template parameter '{name}' is not valid. The value '{}' is not part of the allowed value(s): '{}'",
            plain(value),
            list.join(",")
        ));
    }
    let size = match value {
        Value::Array(all) => Some(all.len()),
        Value::String(text) => Some(text.chars().count()),
        _ => None,
    };
    let bound = |key: &str| rule.get(key).and_then(Value::as_i64);
    let length = size.and_then(|size| i64::try_from(size).ok());
    let outside = length.is_some_and(|n| {
        bound("minLength").is_some_and(|least| n < least) || bound("maxLength").is_some_and(|most| n > most)
    }) || value.as_i64().is_some_and(|n| {
        bound("minValue").is_some_and(|least| n < least) || bound("maxValue").is_some_and(|most| n > most)
    });
    if outside {
        Err(format!("The provided value for the template parameter '{name}' is outside of the allowed bounds"))
    } else {
        Ok(())
    }
}

impl Names for Scope<'_> {
    fn parameter(&self, name: &str, depth: usize) -> Result<Value> {
        self.count()?;
        if let Some(value) = self.given.get(&name.to_lowercase()) {
            return Ok(value.clone());
        }
        let declared = self.template.get("parameters").map(|all| member(all, name));
        let Some(Ok(declared)) = declared else {
            return Err(format!("the template parameter '{name}' is not found").into());
        };
        let default = declared.get("defaultValue");
        match default {
            Some(value) => self.value(value, depth + 1),
            None if declared.get("nullable") == Some(&Value::Bool(true)) => Ok(Value::Null),
            None => Err(format!("The value for the template parameter '{name}' is not provided").into()),
        }
    }

    fn variable(&self, name: &str, depth: usize) -> Result<Value> {
        self.count()?;
        let variables = self.template.get("variables").cloned().unwrap_or_else(|| json!({}));
        if let Ok(found) = member(&variables, name) {
            return self.value(&found, depth + 1);
        }
        // A loop that makes a variable.
        let loops = variables.get("copy").and_then(Value::as_array).into_iter().flatten();
        let own = loops
            .clone()
            .find(|one| one.get("name").and_then(Value::as_str).is_some_and(|own| own.eq_ignore_ascii_case(name)));
        match own {
            Some(one) => self.looped(one, depth + 1),
            None => Err(format!("the template variable '{name}' is not found").into()),
        }
    }

    fn copy_index(&self, arguments: &[Value]) -> Result<i64> {
        let named = arguments.first().and_then(Value::as_str);
        let found =
            self.copies.iter().rev().find(|(name, _)| named.is_none_or(|wanted| name.eq_ignore_ascii_case(wanted)));
        let Some((_, index)) = found else { return Err("`copyIndex` stands outside of a copy loop".into()) };
        let offset = arguments.iter().find_map(Value::as_i64).unwrap_or(0);
        Ok(index.saturating_add(offset))
    }

    fn resource_id(&self, function: &str, values: &[Value]) -> Result<String> {
        let texts: Vec<String> = values.iter().map(plain).collect();
        let at = texts.iter().position(|text| text.contains('/') && !text.starts_with('/'));
        let at =
            at.ok_or_else(|| format!("`{function}` needs a resource type, such as 'Microsoft.ApiManagement/service'"))?;
        let (kind, names) = (&texts[at], &texts[at + 1..]);
        let mut segments = kind.split('/');
        let namespace = segments.next().unwrap_or_default();
        let types: Vec<&str> = segments.collect();
        if types.len() != names.len() {
            return Err(
                format!("`{function}` of type '{kind}' needs {} names, not {}", types.len(), names.len()).into()
            );
        }
        let scope = match (function, &texts[..at]) {
            ("tenantresourceid", _) => String::new(),
            ("subscriptionresourceid", before) => {
                format!("/subscriptions/{}", before.first().unwrap_or(&self.target.subscription))
            }
            ("extensionresourceid", [scope]) => scope.clone(),
            (_, []) => format!("/subscriptions/{}/resourceGroups/{}", self.target.subscription, self.target.group),
            (_, [group]) => format!("/subscriptions/{}/resourceGroups/{group}", self.target.subscription),
            (_, [subscription, group, ..]) => format!("/subscriptions/{subscription}/resourceGroups/{group}"),
        };
        let pairs: String = types.iter().zip(names).map(|(kind, name)| format!("/{kind}/{name}")).collect();
        Ok(format!("{scope}/providers/{namespace}{pairs}"))
    }

    fn reference(&self, named: &str, full: bool) -> Result<Value> {
        let id = self.symbols.get(&named.to_lowercase()).map_or(named, String::as_str);
        let not_yet =
            || Failed::NotYet(format!("The resource '{named}' is not defined in the template, or is not there."));
        if self.awaited(id) {
            return Err(not_yet());
        }
        let below = Path::parse(id).ok().and_then(|path| path.below());
        let shown = below.and_then(|below| {
            let kind = kinds::kind(&below.kind()).ok()?;
            let found = crate::route::existing(&self.view, kind, &below).ok()?;
            Some((kind.show)(&self.view, &found))
        });
        let shown = shown.or_else(|| super::record(&self.view, id));
        match shown {
            Some(whole) if full => Ok(whole),
            Some(whole) => Ok(whole.get("properties").cloned().unwrap_or(Value::Null)),
            None => Err(not_yet()),
        }
    }

    /// `listKeys`, `listSecrets`, `listValue`: the action of that name.
    fn list(&self, id: &str, function: &str) -> Result<Value> {
        if self.awaited(id) {
            return Err(Failed::NotYet(format!("The resource '{id}' is not there.")));
        }
        let refused = || Failed::Wrong(format!("`{function}` cannot be called on '{id}'"));
        let path = Path::parse(&format!("{id}/{function}")).map_err(|_| refused())?;
        let below = path.below().ok_or_else(refused)?;
        let found = kinds::actions()
            .find(|one| one.name.eq_ignore_ascii_case(function) && one.on.eq_ignore_ascii_case(&below.parent().kind()));
        let Some(kinds::Action { run: kinds::Run::Look(run), .. }) = found else { return Err(refused()) };
        let answer = run(&self.view, &below, &crate::request::Request::default()).map_err(|error| error.message)?;
        Ok(answer.body.unwrap_or(Value::Null))
    }

    fn surroundings(&self, function: &str) -> Value {
        let target = self.target;
        let base = &self.view.world.base;
        match function {
            "resourcegroup" => json!({
                "id": format!("/subscriptions/{}/resourceGroups/{}", target.subscription, target.group), "name": target.group,
                "type": "Microsoft.Resources/resourceGroups", "location": target.location,
                "tags": self.view.state.group(&target.subscription, &target.group).map(|group| group.tags.clone()),
                "properties": { "provisioningState": "Succeeded" },
            }),
            "subscription" => {
                let id = &target.subscription;
                json!({ "id": format!("/subscriptions/{id}"), "subscriptionId": id, "tenantId": crate::login::TENANT, "displayName": "local" })
            }
            "tenant" => json!({ "tenantId": crate::login::TENANT }),
            "deployment" => {
                json!({ "name": target.name, "location": target.location, "properties": { "templateHash": "", "mode": "Incremental", "template": self.template } })
            }
            _ => json!({
                "name": "AzureCloud", "resourceManager": format!("{base}/"), "portal": base,
                "suffixes": { "acrLoginServer": ".azurecr.io", "keyvaultDns": ".vault.azure.net", "storage": "core.windows.net", "sqlServerHostname": ".database.windows.net" },
            }),
        }
    }

    fn now(&self) -> Result<String> {
        Ok(crate::time::iso(self.view.world.now))
    }

    fn uuid(&self, words: &str) -> String {
        self.view.world.authority.uuid(words)
    }
}
