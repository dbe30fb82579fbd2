// A health endpoint as a Go service has it: one check that runs by itself, its result answered from memory.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/alexliesenfeld/health"
)

func main() {
	checker := health.NewChecker(health.WithPeriodicCheck(2*time.Second, 0, health.Check{
		Name:  "nothing",
		Check: func(context.Context) error { return nil },
	}))
	http.Handle("/health/ready", health.NewHandler(checker))
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
