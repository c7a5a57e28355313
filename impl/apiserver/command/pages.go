package command

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// releasePages gives back the pages of the program's own file. The one program holds every component of a cluster, and what
// initialises them all at the start, most of it never to run in an API server, would else stay in its memory for ever. What
// is still needed comes back from the file when it is next touched.
func releasePages() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return err
	}
	defer maps.Close()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var begin, end uintptr
		var mode string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &begin, &end, &mode); err != nil || !strings.HasSuffix(lines.Text(), " "+program) {
			continue
		}
		if strings.Contains(mode, "w") {
			continue // variables: what was written to them is nowhere else
		}
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, begin, end-begin, unix.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("madvise of %s: %w", program, errno)
		}
	}
	return nil
}
