module release-runtime/tests/bench/go_health

go 1.21

require github.com/alexliesenfeld/health v0.8.0
