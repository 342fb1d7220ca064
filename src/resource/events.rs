//! What CloudTrail records of changes to a resource: which requests explain a difference, and how a request says what it is about.
//! `drift` looks them up (`src/drift/trail/`).

/// Requests that can have caused a difference between the configuration and AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventSpec {
    /// The difference.
    pub explains: Explains,
    /// The operations, as `service:Operation`. None if no request causes the difference, or if CloudTrail does not tell which one did.
    pub operations: &'static [&'static str],
    /// What such a request says.
    pub request: Says,
}

/// A difference that requests explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Explains {
    /// One of these attributes has another value.
    Attributes(&'static [&'static str]),
    /// The resource is gone.
    Gone,
}

/// What a request says about its subject. "Names the resource" means: as [`NamedBy`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// It names the resource.
    Resource,
    /// It names the resource, and sets the parameter with the name of the attribute.
    ResourceAndParameter,
    /// It names the resource and the value that the attribute now has.
    ResourceAndValue,
    /// It names the value that the attribute now has; it may be about another resource.
    Value,
    /// It names neither, and takes the value away; it may be about another resource.
    Nothing,
    /// It adds an element to a list or sets a key of a map, and names the resource and that.
    AddedElement,
    /// It removes an element of a list or a key of a map, and names the resource and that.
    RemovedElement,
    /// It names the resource by the id that AWS gave to it. Once the resource is gone, only the event of this operation has the id: its
    /// request has the tag that names the resource, and its answer the id.
    CreatedBy(&'static str),
}

/// How requests name a resource of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// By AWS's id.
    Id,
    /// By the values of these attributes, and the ids of those that are references. None of them: there is one in an account.
    Attributes(&'static [&'static str]),
}

impl EventSpec {
    /// Requests that change one of these attributes, and name the resource.
    pub const fn changed(attributes: &'static [&'static str], operations: &'static [&'static str]) -> Self {
        Self { explains: Explains::Attributes(attributes), operations, request: Says::Resource }
    }

    /// A difference of these attributes that no recorded request explains.
    pub const fn unexplained(attributes: &'static [&'static str]) -> Self {
        Self::changed(attributes, &[])
    }

    /// Requests that add an element of this attribute, or set a key of it.
    pub const fn added(attributes: &'static [&'static str], operations: &'static [&'static str]) -> Self {
        Self::changed(attributes, operations).saying(Says::AddedElement)
    }

    /// Requests that remove an element or a key of this attribute.
    pub const fn removed(attributes: &'static [&'static str], operations: &'static [&'static str]) -> Self {
        Self::changed(attributes, operations).saying(Says::RemovedElement)
    }

    /// Requests that delete the resource, and name it.
    pub const fn gone(operations: &'static [&'static str]) -> Self {
        Self { explains: Explains::Gone, operations, request: Says::Resource }
    }

    /// The same, of requests that say that.
    pub const fn saying(self, request: Says) -> Self {
        Self { request, ..self }
    }

    /// The same, of a deletion by the id of what that operation has created.
    pub const fn created_by(self, operation: &'static str) -> Self {
        self.saying(Says::CreatedBy(operation))
    }

    /// Whether some request explains the difference.
    pub const fn explains_something(&self) -> bool {
        !self.operations.is_empty()
    }

    /// The attribute of that name, if the requests change it.
    pub fn attribute(&self, name: &str) -> Option<&'static str> {
        match self.explains {
            Explains::Attributes(attributes) => attributes.iter().copied().find(|attribute| *attribute == name),
            Explains::Gone => None,
        }
    }
}
