package disk

import (
	"fmt"
	"time"
)

// Faults are what a disk does wrong from now on; the zero value is a good disk.
type Faults struct {
	// StallFsync holds every fsync, StallWrite every write too, until the faults are set anew.
	StallFsync bool `json:"stallFsync,omitempty"`
	StallWrite bool `json:"stallWrite,omitempty"`
	// SlowFsync is how much longer an fsync takes.
	SlowFsync time.Duration `json:"slowFsync,omitempty"`
	// WriteError fails every write: "EIO" or "ENOSPC".
	WriteError string `json:"writeError,omitempty"`
	// FsyncError fails every fsync with EIO.
	FsyncError bool `json:"fsyncError,omitempty"`
}

// Counters are the effects of faults that were observed since the disk was mounted.
type Counters struct {
	Fsyncs       int64 `json:"fsyncs"`       // all fsyncs that were asked for
	FsyncsHeld   int64 `json:"fsyncsHeld"`   // by a stall, or slowed
	WritesHeld   int64 `json:"writesHeld"`   // by a stall
	Failed       int64 `json:"failed"`       // writes and fsyncs answered with an error
	BytesDropped int64 `json:"bytesDropped"` // by crashes
	OpsDropped   int64 `json:"opsDropped"`   // writes, creations, renames, ... undone by crashes
	Unsynced     int64 `json:"unsynced"`     // operations that a crash now would lose
}

// Loss says what a crash of the machine loses of what was not yet synced.
type Loss struct {
	// Keep is how many of the unsynced operations, the oldest, survive: 0 loses all of them.
	Keep int `json:"keep,omitempty"`
	// Torn lets the first half of the first lost operation survive, if that is a write.
	Torn bool `json:"torn,omitempty"`
}

func (f Faults) check() error {
	switch {
	case f.WriteError != "" && f.WriteError != "EIO" && f.WriteError != "ENOSPC":
		return fmt.Errorf("disk: writeError %q: must be EIO or ENOSPC", f.WriteError)
	case f.SlowFsync < 0:
		return fmt.Errorf("disk: slowFsync %v: must not be negative", f.SlowFsync)
	}
	return nil
}

func (l Loss) check() error {
	if l.Keep < 0 {
		return fmt.Errorf("disk: keep %d: must not be negative", l.Keep)
	}
	return nil
}
