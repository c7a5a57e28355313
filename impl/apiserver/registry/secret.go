package registry

import (
	"crypto/tls"
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var secret = strategy[*corev1.Secret]{
	name: apivalidation.NameIsDNSSubdomain,
	defaults: func(obj *corev1.Secret) {
		if obj.Type == "" {
			obj.Type = corev1.SecretTypeOpaque
		}
		// stringData is for writing only.
		if obj.Data == nil && len(obj.StringData) > 0 {
			obj.Data = map[string][]byte{}
		}
		for key, value := range obj.StringData {
			obj.Data[key] = []byte(value)
		}
		obj.StringData = nil
	},
	validate: validateSecret,
	update: rewrite[*corev1.Secret]{validate: func(obj, old *corev1.Secret) field.ErrorList {
		errs := apivalidation.ValidateImmutableField(obj.Type, old.Type, field.NewPath("type"))
		if old.Immutable != nil && *old.Immutable {
			errs = append(errs, frozen(field.NewPath("immutable"), obj.Immutable == nil || !*obj.Immutable)...)
			errs = append(errs, frozen(field.NewPath("data"), !equality.Semantic.DeepEqual(obj.Data, old.Data))...)
		}
		return append(errs, validateSecret(obj)...)
	}},
	warnings: func(obj, _ *corev1.Secret) []string {
		if obj.Type != corev1.SecretTypeTLS {
			return nil
		}
		if _, err := tls.X509KeyPair(obj.Data[corev1.TLSCertKey], obj.Data[corev1.TLSPrivateKeyKey]); err != nil {
			return []string{err.Error()}
		}
		return nil
	},
	fields: func(obj *corev1.Secret) map[string]string { return map[string]string{"type": string(obj.Type)} },
}

func validateSecret(obj *corev1.Secret) field.ErrorList {
	data := field.NewPath("data")
	errs, size := validateData(data, obj.Data)
	if size > maxDataSize {
		errs = append(errs, field.TooLong(data, "", maxDataSize))
	}
	required := func(keys ...string) {
		for _, key := range keys {
			errs = append(errs, field.Required(data.Key(key), ""))
		}
	}
	has := func(key string) bool { _, ok := obj.Data[key]; return ok }
	document := func(key string) {
		if !has(key) {
			required(key)
		} else if err := json.Unmarshal(obj.Data[key], &map[string]any{}); err != nil {
			errs = append(errs, field.Invalid(data.Key(key), "<secret contents redacted>", err.Error()))
		}
	}
	switch obj.Type {
	case corev1.SecretTypeServiceAccountToken:
		if obj.Annotations[corev1.ServiceAccountNameKey] == "" {
			errs = append(errs, field.Required(metadataPath.Child("annotations").Key(corev1.ServiceAccountNameKey), ""))
		}
	case corev1.SecretTypeDockercfg:
		document(corev1.DockerConfigKey)
	case corev1.SecretTypeDockerConfigJson:
		document(corev1.DockerConfigJsonKey)
	case corev1.SecretTypeBasicAuth:
		if !has(corev1.BasicAuthUsernameKey) && !has(corev1.BasicAuthPasswordKey) {
			required(corev1.BasicAuthUsernameKey, corev1.BasicAuthPasswordKey)
		}
	case corev1.SecretTypeSSHAuth:
		if len(obj.Data[corev1.SSHAuthPrivateKey]) == 0 {
			required(corev1.SSHAuthPrivateKey)
		}
	case corev1.SecretTypeTLS:
		for _, key := range []string{corev1.TLSCertKey, corev1.TLSPrivateKeyKey} {
			if !has(key) {
				required(key)
			}
		}
	}
	return errs
}
