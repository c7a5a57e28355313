package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// server is the state of the web server.
type server struct {
	ready     atomic.Bool
	unhealthy atomic.Bool
}

// drainTime bounds how long requests that are open may take when the server is asked to end.
const drainTime = time.Second

func serve(args []string) error {
	flags := flag.NewFlagSet("testserver", flag.ExitOnError)
	listen := flags.String("listen", ":8080", "`address` of the web server")
	print := flags.String("print", "", "`text` written to standard output at the start")
	exitAfter := flags.Duration("exit-after", 0, "end after this `time`; 0: never")
	exitCode := flags.Int("exit-code", 0, "with this `code`")
	crashAfter := flags.Duration("crash-after", 0, "panic after this `time`; 0: never")
	readyAfter := flags.Duration("ready-after", 0, "/ready answers 200 only after this `time`")
	ignoreTerm := flags.Bool("ignore-term", false, "do not end when asked to by SIGTERM")
	stopDelay := flags.Duration("stop-delay", 0, "when asked to end, take this `time`")
	flags.Parse(args)
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}

	s := &server{}
	time.AfterFunc(*readyAfter, func() { s.ready.Store(true) })
	if *exitAfter > 0 || *exitCode != 0 {
		time.AfterFunc(*exitAfter, func() { os.Exit(*exitCode) })
	}
	if *crashAfter > 0 {
		time.AfterFunc(*crashAfter, crash)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	if *print != "" {
		fmt.Println(*print) // so that who reads it knows that SIGTERM is heard
	}
	web := &http.Server{Addr: *listen, Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- web.ListenAndServe() }()
	for {
		select {
		case err := <-failed:
			return err
		case sig := <-stop:
			fmt.Println("received", sig)
			if *ignoreTerm {
				continue
			}
			time.Sleep(*stopDelay)
			ctx, cancel := context.WithTimeout(context.Background(), drainTime)
			defer cancel()
			if err := web.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			return nil
		}
	}
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		name, err := os.Hostname()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, name)
	})
	mux.HandleFunc("/echo/{path...}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, r.PathValue("path")) })
	mux.HandleFunc("/env", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, strings.Join(os.Environ(), "\n")) })
	mux.HandleFunc("/exit", func(w http.ResponseWriter, r *http.Request) {
		code, err := strconv.Atoi(r.FormValue("code"))
		if err != nil {
			http.Error(w, "code: must be a number", http.StatusBadRequest)
			return
		}
		os.Exit(code)
	})
	mux.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) { go crash() })
	mux.HandleFunc("/setready", func(http.ResponseWriter, *http.Request) { s.ready.Store(true) })
	mux.HandleFunc("/unready", func(http.ResponseWriter, *http.Request) { s.ready.Store(false) })
	mux.HandleFunc("/unhealthy", func(http.ResponseWriter, *http.Request) { s.unhealthy.Store(true) })
	mux.HandleFunc("/ready", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, s.ready.Load(), http.StatusServiceUnavailable)
	})
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, !s.unhealthy.Load(), http.StatusInternalServerError)
	})
	return mux
}

func answer(w http.ResponseWriter, good bool, otherwise int) {
	if !good {
		http.Error(w, http.StatusText(otherwise), otherwise)
		return
	}
	fmt.Fprintln(w, "ok")
}

// crash ends the process with a panic, status 2. It must run in a goroutine of its own: the web server would catch the panic
// of a request's. (A signal would not do: the first process of a container gets none of its own making.)
func crash() { panic("crash, as asked") }
