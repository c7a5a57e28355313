package disk

import (
	"context"
	"time"
)

// Faults are what a disk does wrong from now on; the zero value is a good disk.
type Faults struct {
	// StallFsync holds every fsync, StallWrite every write too, until the faults are set anew.
	StallFsync bool `json:"stallFsync,omitempty"`
	StallWrite bool `json:"stallWrite,omitempty"`
	// SlowFsync is how much longer an fsync takes.
	SlowFsync time.Duration `json:"slowFsync,omitempty"`
	// WriteError fails every write: EIO or ENOSPC. FsyncError fails every fsync with EIO.
	WriteError string `json:"writeError,omitempty"`
	FsyncError bool   `json:"fsyncError,omitempty"`
}

// Counters are the effects of faults that were observed since the disk was mounted.
type Counters struct {
	Fsyncs       int64 `json:"fsyncs"`       // all fsyncs that were asked for
	FsyncsHeld   int64 `json:"fsyncsHeld"`   // by a stall, or slowed
	WritesHeld   int64 `json:"writesHeld"`   // by a stall
	Failed       int64 `json:"failed"`       // writes and fsyncs answered with an error
	BytesDropped int64 `json:"bytesDropped"` // by crashes
	OpsDropped   int64 `json:"opsDropped"`   // writes, creations, renames, ... undone by crashes
}

// Loss says what a crash of the machine loses of what was not yet synced.
type Loss struct {
	// Keep is how many of the unsynced operations, the oldest, survive: 0 loses all of them.
	Keep int `json:"keep,omitempty"`
	// Torn lets the first half of the first lost write survive.
	Torn bool `json:"torn,omitempty"`
}

// Client controls a disk over its socket.
type Client struct{}

// Set replaces the faults of the disk and releases what the old ones held and the new ones do not.
func (c *Client) Set(ctx context.Context, f Faults) error { return nil }

// Counters are the effects observed up to now.
func (c *Client) Counters(ctx context.Context) (Counters, error) { return Counters{}, nil }

// Crash loses what was not synced. The process that used the disk must have been killed before: Crash waits until no file
// is open any more, or ctx ends.
func (c *Client) Crash(ctx context.Context, l Loss) (Counters, error) { return Counters{}, nil }
