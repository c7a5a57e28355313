// Command testserver is what containers of tests run: a web server that misbehaves as it is told, and the handful of commands
// that tests execute in a container without a shell.
//
//	testserver [serve] [flags]   the server; see --help
//	exit CODE [after DURATION]   end with CODE
//	get [-n COUNT] URL           ask for a URL, in which $NAME is that of the environment, by so many connections
//	keep URL                     ask for it again for each line of input, by one connection, which must last
//	api URL...                   GET each as a client in a pod does, with the pod's token: prints the status and the answer
//	cat FILE...  echo WORDS...  env  ls [DIR]  sleep DURATION  true  false
//
// A command is the first argument or the name of the program, under which the image has links to it. The server answers
//
//	/            the pod's name (its host name)
//	/echo/PATH   PATH
//	/env         its environment
//	/exit?code=N ends it with N; /crash ends it with a panic
//	/ready       200 once it is ready, 503 before; /unready and /setready change that
//	/healthz     200; /unhealthy makes it 500 for ever
package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// commands are what the first argument or the program's name may be.
var commands = map[string]func(args []string) error{
	"serve": serve,
	"api":   api,
	"cat":   cat,
	"echo":  echo,
	"env":   env,
	"exit":  exit,
	"false": func([]string) error { os.Exit(1); return nil },
	"get":   get,
	"keep":  keep,
	"ls":    list,
	"sleep": sleep,
	"true":  func([]string) error { return nil },
}

func main() {
	name, args := filepath.Base(os.Args[0]), os.Args[1:]
	if _, ok := commands[name]; !ok {
		name = "serve"
		if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
			name, args = args[0], args[1:]
		}
	}
	run, ok := commands[name]
	if !ok {
		fail(127, fmt.Errorf("no such command"), name)
	}
	if err := run(args); err != nil {
		fail(1, err, name)
	}
}

func fail(code int, err error, name string) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	os.Exit(code)
}

func cat(files []string) error {
	if len(files) == 0 {
		_, err := io.Copy(os.Stdout, os.Stdin)
		return err
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		os.Stdout.Write(data)
	}
	return nil
}

func echo(words []string) error {
	_, err := fmt.Println(strings.Join(words, " "))
	return err
}

func env([]string) error {
	lines := os.Environ()
	slices.Sort(lines)
	for _, l := range lines {
		fmt.Println(l)
	}
	return nil
}

func list(args []string) error {
	dir := "."
	if len(args) > 0 {
		dir = args[0]
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		fmt.Println(e.Name())
	}
	return err
}

func exit(args []string) error {
	if len(args) != 1 && !(len(args) == 3 && args[1] == "after") {
		return fmt.Errorf("wants an exit code, and perhaps \"after\" a duration")
	}
	code, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	if len(args) == 3 {
		if err := sleep(args[2:]); err != nil {
			return err
		}
	}
	os.Exit(code)
	return nil
}

// sleep takes seconds, or a duration as Go writes it. It ends at once, and well, when it is asked to.
func sleep(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("wants one duration")
	}
	d, err := time.ParseDuration(args[0])
	if err != nil {
		seconds, numberErr := strconv.ParseFloat(args[0], 64)
		if numberErr != nil {
			return err
		}
		d = time.Duration(seconds * float64(time.Second))
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	select {
	case <-time.After(d):
	case <-stop:
	}
	return nil
}
