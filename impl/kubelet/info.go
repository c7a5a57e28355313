package kubelet

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	goruntime "runtime"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// defaultPods is upstream's maxPods.
const defaultPods = 110

// capacity is what the machine has, overridden by flags like "cpu=4,memory=8Gi,pods=110".
func capacity(overrides string) (corev1.ResourceList, error) {
	memory, err := totalMemory()
	if err != nil {
		return nil, err
	}
	list := corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewQuantity(int64(goruntime.NumCPU()), resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(memory, resource.BinarySI),
		corev1.ResourcePods:   *resource.NewQuantity(defaultPods, resource.DecimalSI),
	}
	for part := range strings.SplitSeq(overrides, ",") {
		if part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		q, err := resource.ParseQuantity(value)
		if !ok || name == "" || err != nil || q.Sign() < 0 {
			return nil, fmt.Errorf("capacity %q: must be RESOURCE=QUANTITY, like cpu=4 or memory=8Gi", part)
		}
		list[corev1.ResourceName(name)] = q
	}
	return list, nil
}

// totalMemory reads MemTotal of /proc/meminfo, in bytes.
func totalMemory() (int64, error) {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "MemTotal:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/meminfo has no MemTotal")
}

// systemInfo is the node's nodeInfo, but for the runtime's version. What the machine does not say stays empty.
func systemInfo() corev1.NodeSystemInfo {
	return corev1.NodeSystemInfo{
		MachineID:       firstLine("/etc/machine-id"),
		SystemUUID:      firstLine("/sys/class/dmi/id/product_uuid"),
		BootID:          firstLine("/proc/sys/kernel/random/boot_id"),
		KernelVersion:   firstLine("/proc/sys/kernel/osrelease"),
		OSImage:         prettyName(),
		KubeletVersion:  Version,
		OperatingSystem: goruntime.GOOS,
		Architecture:    goruntime.GOARCH,
	}
}

func firstLine(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return strings.TrimSpace(line)
}

// prettyName is PRETTY_NAME of /etc/os-release.
func prettyName() string {
	data, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return ""
	}
	for scanner := bufio.NewScanner(bytes.NewReader(data)); scanner.Scan(); {
		if name, ok := strings.CutPrefix(scanner.Text(), "PRETTY_NAME="); ok {
			return strings.Trim(name, `"`)
		}
	}
	return ""
}
