package command

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
)

// profiled calls run, and writes what it spent to the files that the hidden flags name.
func profiled(o options, run func() error) (err error) {
	if o.cpuProfile != "" {
		f, err := os.Create(o.cpuProfile)
		if err != nil {
			return fmt.Errorf("--cpuprofile: %w", err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return fmt.Errorf("--cpuprofile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	err = run()
	if o.memProfile != "" {
		err = errors.Join(err, writeHeap(o.memProfile))
	}
	return err
}

func writeHeap(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("--memprofile: %w", err)
	}
	runtime.GC() // a heap profile tells what the last collection found
	return errors.Join(pprof.WriteHeapProfile(f), f.Close())
}
