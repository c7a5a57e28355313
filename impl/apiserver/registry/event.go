package registry

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// What an event with an eventTime may be long.
const (
	maxEventWord = 128
	maxEventNote = 1024
)

var event = strategy[*corev1.Event]{
	name:     func(string, bool) []string { return nil }, // any path segment will do
	validate: validateEvent,
	update: rewrite[*corev1.Event]{
		validate: func(obj, _ *corev1.Event) field.ErrorList { return validateEvent(obj) },
	},
	fields: func(obj *corev1.Event) map[string]string {
		source := obj.Source.Component
		if source == "" {
			source = obj.ReportingController
		}
		return map[string]string{
			"involvedObject.kind":            obj.InvolvedObject.Kind,
			"involvedObject.namespace":       obj.InvolvedObject.Namespace,
			"involvedObject.name":            obj.InvolvedObject.Name,
			"involvedObject.uid":             string(obj.InvolvedObject.UID),
			"involvedObject.apiVersion":      obj.InvolvedObject.APIVersion,
			"involvedObject.resourceVersion": obj.InvolvedObject.ResourceVersion,
			"involvedObject.fieldPath":       obj.InvolvedObject.FieldPath,
			"reason":                         obj.Reason,
			"reportingComponent":             obj.ReportingController,
			"source":                         source,
			"type":                           obj.Type,
		}
	},
	deletion: deletion[*corev1.Event]{dependents: none},
}

func validateEvent(obj *corev1.Event) field.ErrorList {
	about := obj.InvolvedObject.Namespace
	mismatch := field.ErrorList{field.Invalid(field.NewPath("involvedObject", "namespace"), about, "does not match event.namespace")}
	if obj.EventTime.IsZero() {
		// An event about an object without a namespace lives in default.
		if about == obj.Namespace || about == "" && obj.Namespace == metav1.NamespaceDefault {
			return nil
		}
		return mismatch
	}
	var errs field.ErrorList
	if about == "" && obj.Namespace != metav1.NamespaceDefault && obj.Namespace != metav1.NamespaceSystem {
		errs = mismatch
	}
	reporter := field.NewPath("reportingComponent")
	if obj.ReportingController == "" {
		errs = append(errs, field.Required(reporter, ""))
	}
	errs = append(errs, qualifiedName(reporter, obj.ReportingController)...)
	errs = append(errs, word("reportingInstance", obj.ReportingInstance)...)
	errs = append(errs, word("action", obj.Action)...)
	errs = append(errs, word("reason", obj.Reason)...)
	return append(errs, short("message", obj.Message, maxEventNote)...)
}

func word(name, value string) field.ErrorList {
	if value == "" {
		return field.ErrorList{field.Required(field.NewPath(name), "")}
	}
	return short(name, value, maxEventWord)
}

func short(name, value string, most int) field.ErrorList {
	if len(value) > most {
		return field.ErrorList{field.Invalid(field.NewPath(name), "", fmt.Sprintf("can have at most %v characters", most))}
	}
	return nil
}
