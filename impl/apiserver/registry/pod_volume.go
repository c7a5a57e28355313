package registry

import (
	"path"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// validateVolumes also returns the volumes that can be mounted, by name.
func validateVolumes(volumes []corev1.Volume, path *field.Path) (map[string]corev1.VolumeSource, field.ErrorList) {
	var errs field.ErrorList
	valid := map[string]corev1.VolumeSource{}
	for i := range volumes {
		volume, at := &volumes[i], path.Index(i)
		found := validateVolumeSource(&volume.VolumeSource, at)
		if volume.Name == "" {
			found = append(found, field.Required(at.Child("name"), ""))
		} else {
			found = append(found, dnsLabel(at.Child("name"), volume.Name)...)
		}
		if _, twice := valid[volume.Name]; twice {
			found = append(found, field.Duplicate(at.Child("name"), volume.Name))
		}
		if len(found) == 0 {
			valid[volume.Name] = volume.VolumeSource
		}
		errs = append(errs, found...)
	}
	return valid, errs
}

// volumeTypes are the names of the types of volumes, in the order of the fields of a VolumeSource.
var volumeTypes = func() []string {
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[corev1.VolumeSource]()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}()

// validateVolumeSource: exactly one type. Those that our kubelet runs are looked into.
func validateVolumeSource(source *corev1.VolumeSource, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	value, found := reflect.ValueOf(source).Elem(), ""
	for i, name := range volumeTypes {
		switch {
		case value.Field(i).IsNil():
		case found != "":
			errs = append(errs, field.Forbidden(path.Child(name), "may not specify more than 1 volume type"))
		default:
			found = name
		}
	}
	at := path.Child(found)
	switch found {
	case "":
		return field.ErrorList{field.Required(path, "must specify a volume type")}
	case "emptyDir":
		if limit := source.EmptyDir.SizeLimit; limit != nil && limit.Sign() < 0 {
			errs = append(errs, field.Forbidden(at.Child("sizeLimit"), "SizeLimit field must be a valid resource quantity"))
		}
	case "hostPath":
		errs = append(errs, validateHostPath(source.HostPath, at)...)
	case "secret":
		if source.Secret.SecretName == "" {
			errs = append(errs, field.Required(at.Child("secretName"), ""))
		}
		errs = append(errs, fileMode(at.Child("defaultMode"), source.Secret.DefaultMode)...)
		errs = append(errs, validateItems(source.Secret.Items, at.Child("items"))...)
	case "configMap":
		if source.ConfigMap.Name == "" {
			errs = append(errs, field.Required(at.Child("name"), ""))
		}
		errs = append(errs, fileMode(at.Child("defaultMode"), source.ConfigMap.DefaultMode)...)
		errs = append(errs, validateItems(source.ConfigMap.Items, at.Child("items"))...)
	case "downwardAPI":
		errs = append(errs, fileMode(at.Child("defaultMode"), source.DownwardAPI.DefaultMode)...)
		for i := range source.DownwardAPI.Items {
			errs = append(errs, validateDownwardFile(&source.DownwardAPI.Items[i], at)...)
		}
	case "projected":
		errs = append(errs, validateProjected(source.Projected, at)...)
	case "persistentVolumeClaim":
		if source.PersistentVolumeClaim.ClaimName == "" {
			errs = append(errs, field.Required(at.Child("claimName"), ""))
		}
	}
	return errs
}

func fileMode(path *field.Path, mode *int32) field.ErrorList {
	if mode != nil && (*mode < 0 || *mode > 0o777) {
		return field.ErrorList{field.Invalid(path, *mode, "must be a number between 0 and 0777 (octal), both inclusive")}
	}
	return nil
}

var hostPathTypes = []corev1.HostPathType{corev1.HostPathUnset, corev1.HostPathBlockDev, corev1.HostPathCharDev, corev1.HostPathDirectory,
	corev1.HostPathDirectoryOrCreate, corev1.HostPathFile, corev1.HostPathFileOrCreate, corev1.HostPathSocket}

func validateHostPath(source *corev1.HostPathVolumeSource, path *field.Path) field.ErrorList {
	if source.Path == "" {
		return field.ErrorList{field.Required(path.Child("path"), "")}
	}
	errs := withoutBacksteps(source.Path, path.Child("path"))
	if source.Type != nil && !slices.Contains(hostPathTypes, *source.Type) {
		errs = append(errs, field.NotSupported(path.Child("type"), *source.Type, hostPathTypes))
	}
	return errs
}

func validateItems(items []corev1.KeyToPath, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, item := range items {
		at := path.Index(i)
		if item.Key == "" {
			errs = append(errs, field.Required(at.Child("key"), ""))
		}
		if item.Path == "" {
			errs = append(errs, field.Required(at.Child("path"), ""))
		}
		errs = append(errs, localPath(item.Path, at.Child("path"))...)
		errs = append(errs, fileMode(at.Child("mode"), item.Mode)...)
	}
	return errs
}

func validateDownwardFile(file *corev1.DownwardAPIVolumeFile, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if file.Path == "" {
		errs = append(errs, field.Required(path.Child("path"), ""))
	}
	errs = append(errs, localPath(file.Path, path.Child("path"))...)
	switch {
	case file.FieldRef != nil:
		errs = append(errs, validateFieldRef(file.FieldRef, fieldsInFiles, path.Child("fieldRef"))...)
		if file.ResourceFieldRef != nil {
			errs = append(errs, field.Invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"))
		}
	case file.ResourceFieldRef != nil:
		errs = append(errs, validateResourceFieldRef(file.ResourceFieldRef, true, path.Child("resourceFieldRef"))...)
	default:
		errs = append(errs, field.Required(path, "one of fieldRef and resourceFieldRef is required"))
	}
	return append(errs, fileMode(path.Child("mode"), file.Mode)...)
}

func validateProjected(source *corev1.ProjectedVolumeSource, path *field.Path) field.ErrorList {
	errs := fileMode(path.Child("defaultMode"), source.DefaultMode)
	taken := map[string]bool{}
	conflict := func(file, name string) {
		if file != "" && taken[file] {
			errs = append(errs, field.Invalid(path, name, "conflicting duplicate paths"))
		}
		taken[file] = true
	}
	items := func(name string, list []corev1.KeyToPath, at *field.Path) {
		if name == "" {
			errs = append(errs, field.Required(at.Child("name"), ""))
		}
		errs = append(errs, validateItems(list, at.Child("items"))...)
		for _, item := range list {
			conflict(item.Path, name)
		}
	}
	for i, s := range source.Sources {
		at, kinds := path.Child("sources").Index(i), 0
		if s.Secret != nil {
			kinds++
			items(s.Secret.Name, s.Secret.Items, at.Child("secret"))
		}
		if s.ConfigMap != nil {
			kinds++
			items(s.ConfigMap.Name, s.ConfigMap.Items, at.Child("configMap"))
		}
		if s.DownwardAPI != nil {
			kinds++
			for j := range s.DownwardAPI.Items {
				errs = append(errs, validateDownwardFile(&s.DownwardAPI.Items[j], at.Child("downwardAPI"))...)
				conflict(s.DownwardAPI.Items[j].Path, s.DownwardAPI.Items[j].Path)
			}
		}
		if s.ServiceAccountToken != nil {
			kinds++
			errs = append(errs, validateTokenProjection(s.ServiceAccountToken, path, at.Child("serviceAccountToken"))...)
			conflict(s.ServiceAccountToken.Path, s.ServiceAccountToken.Path)
		}
		if s.ClusterTrustBundle != nil {
			kinds++
		}
		if s.PodCertificate != nil {
			kinds++
		}
		if kinds > 1 {
			errs = append(errs, field.Forbidden(at, "may not specify more than 1 volume type per source"))
		}
	}
	return errs
}

func validateTokenProjection(token *corev1.ServiceAccountTokenProjection, volume, path *field.Path) field.ErrorList {
	const least, most = 10 * 60, 1 << 32
	var errs field.ErrorList
	switch seconds := *token.ExpirationSeconds; {
	case seconds < least:
		errs = append(errs, field.Invalid(path.Child("expirationSeconds"), seconds, "may not specify a duration less than 10 minutes"))
	case seconds > most:
		errs = append(errs, field.Invalid(path.Child("expirationSeconds"), seconds, "may not specify a duration larger than 2^32 seconds"))
	}
	if token.Path == "" {
		return append(errs, field.Required(volume.Child("path"), ""))
	}
	return append(errs, localPath(token.Path, volume.Child("path"))...)
}

func validateMounts(c *corev1.Container, volumes map[string]corev1.VolumeSource, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, mount := range c.VolumeMounts {
		at := path.Index(i)
		if mount.Name == "" {
			errs = append(errs, field.Required(at.Child("name"), ""))
		}
		if _, ok := volumes[mount.Name]; !ok {
			errs = append(errs, field.NotFound(at.Child("name"), mount.Name))
		}
		if mount.MountPath == "" {
			errs = append(errs, field.Required(at.Child("mountPath"), ""))
		}
		if slices.ContainsFunc(c.VolumeMounts[:i], func(m corev1.VolumeMount) bool { return m.MountPath == mount.MountPath }) {
			errs = append(errs, field.Invalid(at.Child("mountPath"), mount.MountPath, "must be unique"))
		}
		if mount.SubPath != "" {
			errs = append(errs, relative(mount.SubPath, path.Child("subPath"))...)
		}
		if mount.SubPathExpr != "" {
			if mount.SubPath != "" {
				errs = append(errs, field.Invalid(at.Child("subPathExpr"), mount.SubPathExpr, "subPathExpr and subPath are mutually exclusive"))
			}
			errs = append(errs, relative(mount.SubPathExpr, path.Child("subPathExpr"))...)
		}
		errs = append(errs, validatePropagation(mount.MountPropagation, c, path.Child("mountPropagation"))...)
	}
	return errs
}

func validatePropagation(mode *corev1.MountPropagationMode, c *corev1.Container, path *field.Path) field.ErrorList {
	if mode == nil {
		return nil
	}
	privileged := c.SecurityContext != nil && c.SecurityContext.Privileged != nil && *c.SecurityContext.Privileged
	if *mode == corev1.MountPropagationBidirectional && !privileged {
		return field.ErrorList{field.Forbidden(path, "Bidirectional mount propagation is available only to privileged containers")}
	}
	return oneOf(path, *mode, corev1.MountPropagationBidirectional, corev1.MountPropagationHostToContainer, corev1.MountPropagationNone)
}

// relative is for paths within a volume.
func relative(name string, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if path.IsAbs(name) {
		errs = append(errs, field.Invalid(at, name, "must be a relative path"))
	}
	return append(errs, withoutBacksteps(name, at)...)
}

// localPath is for files that the kubelet writes, which keeps names with two dots to itself.
func localPath(name string, at *field.Path) field.ErrorList {
	errs := relative(name, at)
	if strings.HasPrefix(name, "..") && !strings.HasPrefix(name, "../") {
		errs = append(errs, field.Invalid(at, name, "must not start with '..'"))
	}
	return errs
}

func withoutBacksteps(name string, at *field.Path) field.ErrorList {
	if slices.Contains(strings.Split(name, "/"), "..") {
		return field.ErrorList{field.Invalid(at, name, "must not contain '..'")}
	}
	return nil
}
