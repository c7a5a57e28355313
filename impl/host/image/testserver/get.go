package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"time"
)

// answerTime bounds one request.
const answerTime = 5 * time.Second

// get asks a URL, in which $NAME is that of the environment, and prints what it is told: -n times, by a connection each. The first failure ends it.
func get(args []string) error {
	flags := flag.NewFlagSet("get", flag.ExitOnError)
	count := flags.Int("n", 1, "how `often`")
	flags.Parse(args)
	if flags.NArg() != 1 {
		return fmt.Errorf("wants one URL")
	}
	client := &http.Client{Timeout: answerTime, Transport: &http.Transport{DisableKeepAlives: true}}
	for range *count {
		if err := ask(client, flags.Arg(0), nil); err != nil {
			return err
		}
	}
	return nil
}

// keep asks a URL, as get does, for each line of standard input, all by one connection. If that does not last, it fails.
func keep(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("wants one URL")
	}
	client := &http.Client{Timeout: answerTime, Transport: &http.Transport{MaxConnsPerHost: 1}}
	first := true
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var lost bool
		err := ask(client, args[0], &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { lost = !c.Reused && !first }})
		if err != nil {
			return err
		}
		if lost {
			return fmt.Errorf("the connection was not kept: this is another")
		}
		first = false
	}
	return lines.Err()
}

// ask prints what an answer says, if it is one of success.
func ask(client *http.Client, url string, trace *httptrace.ClientTrace) error {
	request, err := http.NewRequest(http.MethodGet, os.ExpandEnv(url), nil)
	if err != nil {
		return err
	}
	if trace != nil {
		request = request.WithContext(httptrace.WithClientTrace(request.Context(), trace))
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", request.URL, answer.Status)
	}
	_, err = io.Copy(os.Stdout, answer.Body)
	return err
}
