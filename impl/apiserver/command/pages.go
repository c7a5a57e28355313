package command

import (
	"bufio"
	"fmt"
	"io"
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
	smaps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return err
	}
	defer smaps.Close()
	ranges, err := clean(smaps, program)
	if err != nil {
		return err
	}
	for _, r := range ranges {
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, r.begin, r.end-r.begin, unix.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("madvise of %s: %w", program, errno)
		}
	}
	return nil
}

// pages is a range of addresses.
type pages struct{ begin, end uintptr }

// clean are the ranges that hold nothing but what is in the file. Those that may be written hold more, and so do those that a
// loader wrote to before it closed them, as it does with the relocations of a program that is not static: they have pages
// of their own, which are nowhere else.
func clean(smaps io.Reader, program string) (ranges []pages, err error) {
	var now pages
	wanted := false
	lines := bufio.NewScanner(smaps)
	for lines.Scan() {
		line := lines.Text()
		var next pages
		var mode string
		if n, _ := fmt.Sscanf(line, "%x-%x %s", &next.begin, &next.end, &mode); n == 3 {
			now, wanted = next, strings.HasSuffix(line, " "+program) && !strings.Contains(mode, "w")
			continue
		}
		if own, found := strings.CutPrefix(line, "Anonymous:"); found && wanted {
			if wanted = false; strings.TrimSpace(own) == "0 kB" {
				ranges = append(ranges, now)
			}
		}
	}
	return ranges, lines.Err()
}
