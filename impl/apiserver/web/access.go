package web

import (
	"context"
	"errors"
	"fmt"

	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"orrery/impl/apiserver/rbac"
	"orrery/impl/apiserver/user"
)

// The questions about what somebody may do: `kubectl auth can-i`.

func (c *call) selfSubjectAccessReview(context.Context) (runtime.Object, []string, error) {
	asked := &authorizationv1.SelfSubjectAccessReview{}
	warnings, err := c.readReview(asked)
	if err != nil {
		return nil, nil, err
	}
	errs := oneKind(asked.Spec.ResourceAttributes, asked.Spec.NonResourceAttributes)
	if err := c.invalidReview(append(errs, bare(asked.ObjectMeta)...)); err != nil {
		return nil, nil, err
	}
	asked.Status, err = c.answer(c.user, asked.Spec.ResourceAttributes, asked.Spec.NonResourceAttributes)
	return asked, warnings, err
}

func (c *call) subjectAccessReview(context.Context) (runtime.Object, []string, error) {
	asked := &authorizationv1.SubjectAccessReview{}
	warnings, err := c.readReview(asked)
	if err != nil {
		return nil, nil, err
	}
	if err := c.invalidReview(append(validateAccess(asked.Spec), bare(asked.ObjectMeta)...)); err != nil {
		return nil, nil, err
	}
	asked.Status, err = c.answer(subject(asked.Spec), asked.Spec.ResourceAttributes, asked.Spec.NonResourceAttributes)
	return asked, warnings, err
}

// localSubjectAccessReview is about one namespace, so that who is trusted with that may ask.
func (c *call) localSubjectAccessReview(context.Context) (runtime.Object, []string, error) {
	asked := &authorizationv1.LocalSubjectAccessReview{}
	warnings, err := c.readReview(asked)
	if err != nil {
		return nil, nil, err
	}
	if asked.Namespace == "" {
		asked.Namespace = c.route.namespace
	}
	if asked.Namespace != c.route.namespace {
		return nil, nil, apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	errs := validateAccess(asked.Spec)
	anywhere := asked.ObjectMeta
	anywhere.Namespace = ""
	if len(bare(anywhere)) > 0 {
		errs = append(errs, field.Invalid(field.NewPath("metadata"), asked.ObjectMeta, "must be empty except for namespace"))
	}
	if r := asked.Spec.ResourceAttributes; r != nil && r.Namespace != asked.Namespace {
		errs = append(errs, field.Invalid(field.NewPath("spec.resourceAttributes.namespace"), r.Namespace, "must match metadata.namespace"))
	}
	if asked.Spec.NonResourceAttributes != nil {
		errs = append(errs, field.Invalid(field.NewPath("spec.nonResourceAttributes"), asked.Spec.NonResourceAttributes, "disallowed on this kind of request"))
	}
	if err := c.invalidReview(errs); err != nil {
		return nil, nil, err
	}
	asked.Status, err = c.answer(subject(asked.Spec), asked.Spec.ResourceAttributes, nil)
	return asked, warnings, err
}

func (c *call) selfSubjectRulesReview(context.Context) (runtime.Object, []string, error) {
	asked := &authorizationv1.SelfSubjectRulesReview{}
	warnings, err := c.readReview(asked)
	if err != nil {
		return nil, nil, err
	}
	if asked.Spec.Namespace == "" {
		return nil, nil, apierrors.NewBadRequest("no namespace on request")
	}
	rules, incomplete, err := c.Authorizer.Rules(c.user, asked.Spec.Namespace)
	if unavailable(err) {
		return nil, nil, err
	}
	asked.Status = authorizationv1.SubjectRulesReviewStatus{
		ResourceRules: []authorizationv1.ResourceRule{}, NonResourceRules: []authorizationv1.NonResourceRule{}, Incomplete: incomplete,
	}
	if err != nil {
		asked.Status.EvaluationError = err.Error()
	}
	for _, rule := range rules {
		if len(rule.Resources) > 0 {
			asked.Status.ResourceRules = append(asked.Status.ResourceRules, authorizationv1.ResourceRule{
				Verbs: rule.Verbs, APIGroups: rule.APIGroups, Resources: rule.Resources, ResourceNames: rule.ResourceNames})
		}
		if len(rule.NonResourceURLs) > 0 {
			asked.Status.NonResourceRules = append(asked.Status.NonResourceRules, authorizationv1.NonResourceRule{Verbs: rule.Verbs, NonResourceURLs: rule.NonResourceURLs})
		}
	}
	return asked, warnings, nil
}

// answer answers one question. What of it cannot be understood is told with the answer to the rest.
func (c *call) answer(u user.Info, r *authorizationv1.ResourceAttributes, n *authorizationv1.NonResourceAttributes) (status authorizationv1.SubjectAccessReviewStatus, err error) {
	a, odd := attributesFrom(r, n)
	status.Allowed, status.Reason, err = c.Authorizer.Authorize(u, a)
	if odd != nil {
		status.EvaluationError = odd.Error()
	}
	return status, err
}

func attributesFrom(r *authorizationv1.ResourceAttributes, n *authorizationv1.NonResourceAttributes) (rbac.Attributes, error) {
	if n != nil {
		return rbac.Attributes{Verb: n.Verb, Path: n.Path}, nil
	}
	a := rbac.Attributes{Verb: r.Verb, Group: r.Group, Resource: r.Resource, Subresource: r.Subresource, Namespace: r.Namespace, Name: r.Name}
	if r.FieldSelector == nil {
		return a, nil
	}
	if raw := r.FieldSelector.RawSelector; raw != "" {
		selector, err := fields.ParseSelector(raw)
		if err != nil {
			return a, err
		}
		a.Fields = selector.Requirements()
		return a, nil
	}
	var errs []error
	for _, wanted := range r.FieldSelector.Requirements {
		operator, known := fieldOperators[wanted.Operator]
		if !known || len(wanted.Values) != 1 {
			errs = append(errs, fmt.Errorf("fieldSelector with operator %q and %d values is not supported", wanted.Operator, len(wanted.Values)))
			continue
		}
		a.Fields = append(a.Fields, fields.Requirement{Field: wanted.Key, Operator: operator, Value: wanted.Values[0]})
	}
	return a, errors.Join(errs...)
}

var fieldOperators = map[metav1.FieldSelectorOperator]selection.Operator{
	metav1.FieldSelectorOpIn: selection.Equals, metav1.FieldSelectorOpNotIn: selection.NotEquals,
}

// subject is the user that is asked about.
func subject(spec authorizationv1.SubjectAccessReviewSpec) user.Info {
	u := user.Info{Name: spec.User, UID: spec.UID, Groups: spec.Groups}
	for key, values := range spec.Extra { // a map into a map: the order is no matter
		if u.Extra == nil {
			u.Extra = map[string][]string{}
		}
		u.Extra[key] = values
	}
	return u
}

func validateAccess(spec authorizationv1.SubjectAccessReviewSpec) field.ErrorList {
	errs := oneKind(spec.ResourceAttributes, spec.NonResourceAttributes)
	if spec.User == "" && len(spec.Groups) == 0 {
		errs = append(errs, field.Invalid(field.NewPath("spec", "user"), spec.User, "at least one of user or group must be specified"))
	}
	return errs
}

func oneKind(r *authorizationv1.ResourceAttributes, n *authorizationv1.NonResourceAttributes) field.ErrorList {
	spec := field.NewPath("spec")
	switch {
	case r != nil && n != nil:
		return field.ErrorList{field.Invalid(spec.Child("nonResourceAttributes"), n, "cannot be specified in combination with resourceAttributes")}
	case r == nil && n == nil:
		return field.ErrorList{field.Invalid(spec.Child("resourceAttributes"), n, "exactly one of nonResourceAttributes or resourceAttributes must be specified")}
	}
	return nil
}

// bare: a question has no metadata.
func bare(m metav1.ObjectMeta) field.ErrorList {
	m.ManagedFields = nil
	if equality.Semantic.DeepEqual(m, metav1.ObjectMeta{}) {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath("metadata"), m, "must be empty")}
}

func (c *call) invalidReview(errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(c.review.GroupKind(), "", errs)
}
