package volume

import (
	"fmt"
	"io/fs"
	"os"

	corev1 "k8s.io/api/core/v1"
)

// CheckHostPath holds a path of the host against the type that the pod demands, and makes it where the type says so.
func CheckHostPath(path string, kind corev1.HostPathType) error {
	info, err := os.Stat(path)
	absent := os.IsNotExist(err)
	if err != nil && !absent {
		return err
	}
	is := func(wanted bool, word string) error {
		if absent || !wanted {
			return fmt.Errorf("hostPath type check failed: %s is not %s", path, word)
		}
		return nil
	}
	mode := fs.FileMode(0)
	if !absent {
		mode = info.Mode()
	}
	switch kind {
	case corev1.HostPathUnset:
		return nil
	case corev1.HostPathDirectoryOrCreate:
		if absent {
			return os.MkdirAll(path, 0o755)
		}
		return is(mode.IsDir(), "a directory")
	case corev1.HostPathDirectory:
		return is(mode.IsDir(), "a directory")
	case corev1.HostPathFileOrCreate:
		if absent {
			return os.WriteFile(path, nil, 0o644)
		}
		return is(mode.IsRegular(), "a file")
	case corev1.HostPathFile:
		return is(mode.IsRegular(), "a file")
	case corev1.HostPathSocket:
		return is(mode&fs.ModeSocket != 0, "a socket file")
	case corev1.HostPathCharDev:
		return is(mode&fs.ModeCharDevice != 0, "a character device")
	case corev1.HostPathBlockDev:
		return is(mode&fs.ModeDevice != 0 && mode&fs.ModeCharDevice == 0, "a block device")
	}
	return fmt.Errorf("unknown hostPath type %q", kind)
}
