package command

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Goal: no page is given back that holds more than its file does. Method: the text of /proc/self/smaps for each kind of range.
func TestOnlyCleanPagesAreReleased(t *testing.T) {
	ranges, err := clean(strings.NewReader(`00400000-00500000 r-xp 00000000 fe:00 1 /bin/orrery
Rss: 900 kB
Anonymous:             0 kB
00500000-00600000 r--p 00100000 fe:00 1 /bin/orrery
Anonymous:             8 kB
00600000-00700000 rw-p 00200000 fe:00 1 /bin/orrery
Anonymous:             0 kB
00700000-00800000 r--p 00000000 fe:00 2 /lib/libc.so
Anonymous:             0 kB
00800000-00900000 r--p 00300000 fe:00 1 /bin/orrery
Anonymous:             0 kB
`), "/bin/orrery")
	require.NoError(t, err)
	require.Equal(t, []pages{{0x400000, 0x500000}, {0x800000, 0x900000}}, ranges)
}

// A process goes on after it has given its pages back.
func TestReleasePages(t *testing.T) {
	require.NoError(t, releasePages())
}
