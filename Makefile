.DEFAULT_GOAL := help
.PHONY: verify-tool bits corrupt bench-verify help setup build demo test test-postgres check format format-check lint fuzz fuzz-api fuzz-analysis chaos test-federation bench-record bench-live eval eval-detector eval-tracker bench-timeline clean bench-load bench-reindex bench-analysis bench-alarms bench-log bench-masks bench-scroll bench-centre

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## install what is missing (Debian, NuGet, npm)
	@scripts/setup.sh test

build: ## build the page and the executable
	@scripts/setup.sh demo
	@scripts/build.sh

demo: ## simulated cameras and a node: prints one address, Ctrl-C ends it
	@scripts/demo.sh

test: setup ## every test, with real peers; ends with 'N passed, N failed'
	@scripts/build.sh
	@scripts/test.sh

test-postgres: setup ## every test with PostgreSQL instead of SQLite, on a server that it starts and removes itself
	@scripts/build.sh
	@scripts/postgres.sh run scripts/test.sh

check: setup format-check ## what must pass before anything lands: format, build, lint, test
	@scripts/build.sh
	@$(MAKE) --no-print-directory lint
	@scripts/test.sh

format: ## rewrite C# and TypeScript to the house format
	dotnet format whitespace --no-restore Atalaya.slnx
	npm --prefix web run --silent format

format-check:
	dotnet format whitespace --no-restore --verify-no-changes Atalaya.slnx
	npm --prefix web run --silent format:check

# The C# analyzers run in the build, where a warning is an error.
lint:
	npm --prefix web run --silent typecheck
	npm --prefix web run --silent lint

fuzz: ## 100,000 mutated inputs for every parser
	@scripts/setup.sh demo
	dotnet run --project fuzz --configuration Release -- --inputs $(or $(INPUTS),100000) --seed $(or $(SEED),1)

fuzz-api: ## 50,000 damaged requests for every operation of the API's document (REQUESTS=n, SEED=n)
	@scripts/setup.sh test
	@scripts/build.sh
	ATALAYA_FUZZ_REQUESTS=$(or $(REQUESTS),50000) ATALAYA_FUZZ_SEED=$(or $(SEED),1) dotnet exec \
		tests/Atalaya.Node.Tests/bin/Release/net10.0/Atalaya.Node.Tests.dll -noLogo -class Atalaya.Node.Tests.Fuzzing.ApiFuzzTests -showLiveOutput

fuzz-analysis: ## 100,000 mutated pictures through the analysis process of a recording node (UNITS=n, SEED=n)
	@scripts/setup.sh test
	@scripts/build.sh
	ATALAYA_FUZZ_UNITS=$(or $(UNITS),100000) ATALAYA_FUZZ_SEED=$(or $(SEED),1) dotnet exec \
		tests/Atalaya.Node.Tests/bin/Release/net10.0/Atalaya.Node.Tests.dll -noLogo -class Atalaya.Node.Tests.Analysis.HostileUnitsTests -showLiveOutput

corrupt: ## 10,000 damages of an evidence package, each to be refused (DAMAGES=n, SEED=n)
	@dotnet build --configuration Release --verbosity quiet -nologo tests/Atalaya.Evidence.Tests
	ATALAYA_CORRUPTIONS=$(or $(DAMAGES),10000) ATALAYA_CORRUPTIONS_SEED=$(or $(SEED),1) dotnet exec \
		tests/Atalaya.Evidence.Tests/bin/Release/net10.0/Atalaya.Evidence.Tests.dll -noLogo -class Atalaya.Evidence.Tests.Packages.CorruptionTests -showLiveOutput

bits: ## every single bit: of every proof of every tree up to 1,000 leaves (LEAVES=n), of a package for the page inside
	@dotnet build --configuration Release --verbosity quiet -nologo tests/Atalaya.Evidence.Tests
	ATALAYA_PROOF_LEAVES=$(or $(LEAVES),1000) dotnet exec \
		tests/Atalaya.Evidence.Tests/bin/Release/net10.0/Atalaya.Evidence.Tests.dll -noLogo -method Atalaya.Evidence.Tests.MerkleTests.Every_single_bit_of_every_proof_counts -showLiveOutput
	ATALAYA_BIT_STRIDE=1 npm --prefix web run --silent test -- package/src/check/check.test.ts

verify-tool: ## atalaya-verify as one file that needs no .NET: artifacts/atalaya-verify (Linux x64)
	@dotnet publish --configuration Release --runtime linux-x64 --verbosity quiet -nologo --output artifacts/verify-tool tools/Atalaya.Verify
	@cp artifacts/verify-tool/atalaya-verify artifacts/atalaya-verify
	@ls -l artifacts/atalaya-verify

test-federation: ## nodes on paths that lose, delay, cut and break, in network namespaces and without, killed at every step, hours of cut in simulated time, and how soon alarms and a far camera are there (SECONDS=n, RETURNS=n, SEED=n, VIEWS=n)
	@scripts/setup.sh test
	@scripts/build.sh
	ATALAYA_FEDERATION_SECONDS=$(or $(SECONDS),180) ATALAYA_FEDERATION_RETURNS=$(or $(RETURNS),20) ATALAYA_FEDERATION_SEED=$(SEED) ATALAYA_FEDERATION_EVERY=1 ATALAYA_FEDERATION_LIVES=300 ATALAYA_FEDERATION_HOURS=20 ATALAYA_FEDERATION_KILLS=30 dotnet exec \
		tests/Atalaya.Node.Tests/bin/Release/net10.0/Atalaya.Node.Tests.dll -noLogo -class Atalaya.Node.Tests.Federation.BadPathTests \
		-class Atalaya.Node.Tests.Federation.KilledLinkTests -class Atalaya.Node.Tests.Federation.HourOfCutTests -class Atalaya.Node.Tests.Federation.KilledNodesTests \
		-class Atalaya.Node.Tests.Federation.PacketPathTests -class Atalaya.Node.Tests.Federation.KilledFetchTests -showLiveOutput
	ATALAYA_FEDERATION_VIEWS=$(or $(VIEWS),60) dotnet exec \
		tests/Atalaya.Node.Tests/bin/Release/net10.0/Atalaya.Node.Tests.dll -noLogo -class Atalaya.Node.Tests.Federation.FarStartTests -maxThreads 1 -showLiveOutput

chaos: ## kill a recording node 200 times, anywhere, and judge what it leaves (KILLS=n, SEED=n)
	@scripts/setup.sh test
	@scripts/build.sh
	ATALAYA_CHAOS_KILLS=$(or $(KILLS),200) ATALAYA_CHAOS_SEED=$(SEED) dotnet exec \
		tests/Atalaya.System.Tests/bin/Release/net10.0/Atalaya.System.Tests.dll -noLogo -class Atalaya.System.Tests.ChaosTests -showLiveOutput

bench-record: ## record N cameras beside one ffmpeg per camera
	@scripts/setup.sh test
	@scripts/build.sh
	@python3 bench/record.py $(ARGS)

bench-load: ## record 200 cameras for ten minutes and account for every picture (ARGS='--n 50 --seconds 60')
	@scripts/setup.sh test
	@scripts/build.sh
	@python3 bench/load.py $(ARGS)

bench-reindex: ## make the index of many files again
	@scripts/setup.sh test
	@scripts/build.sh
	@python3 bench/reindex.py $(ARGS)

bench-live: ## packet in to fragment out, with viewers
	@scripts/setup.sh test
	@scripts/build.sh
	@python3 bench/live.py $(ARGS)

bench-masks: ## processor time of a masked stream, first picture live and recorded
	@scripts/setup.sh test
	@scripts/build.sh
	@python3 bench/masks.py $(ARGS)

bench-analysis: ## cameras a core beside motion, overhead, 16 sub-streams beside recording, kill -9, crossing to event (ARGS='--parts kill,event')
	@scripts/setup.sh bench
	@scripts/build.sh
	@dotnet build --no-restore --configuration Release --verbosity quiet -nologo bench/detector
	@python3 bench/analysis.py $(ARGS)
bench-scroll: ## a thousand open alarms scrolled in a browser: what each frame takes (ARGS='--alarms 2000')
	@scripts/setup.sh test
	@scripts/build.sh
	@dotnet build --no-restore --configuration Release --verbosity quiet -nologo tests/Atalaya.System.Tests
	@python3 bench/scroll.py $(ARGS)

bench-alarms: ## alarms at a rate while cameras record, each accounted for (ARGS='--seconds 600 --cameras 50')
	@scripts/setup.sh test
	@scripts/build.sh
	@python3 bench/alarms.py $(ARGS)

bench-log: ## fill an evidence log, start on it, prove leaves (LEAVES=10000000)
	@dotnet build --configuration Release --verbosity quiet -nologo bench/log
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; dotnet exec bench/log/bin/Release/net10.0/Atalaya.LogBench.dll "$$folder/log" $(or $(LEAVES),10000000)

bench-centre: ## what a site costs its centre: 100 sites of 35 cameras that speak the real link (ARGS='--alarms 1 --seconds 45')
	@scripts/build.sh
	@dotnet build --configuration Release --verbosity quiet -nologo bench/centre
	@dotnet exec bench/centre/bin/Release/net10.0/Atalaya.CentreBench.dll $(ARGS)

bench-verify: ## atalaya-verify beside sha256sum on the same package (GIB=2)
	@dotnet build --configuration Release --verbosity quiet -nologo bench/package
	@dotnet build --configuration Release --verbosity quiet -nologo tools/Atalaya.Verify
	@bench/verify.sh $(or $(GIB),2)

bench-timeline: ## a month of 20 cameras: overviews, gaps, seek to the first byte
	@scripts/setup.sh test
	@scripts/build.sh
	@python3 bench/timeline.py $(ARGS)

# Model files further than the default come by MODELS='a.yaml b.yaml'; the footage from ATALAYA_TEST_DATA.
eval-detector: ## precision of the detector on real pictures, its time beside the bare runtime, far targets (MODELS=, ARGS=)
	@scripts/setup.sh test
	@dotnet build --no-restore --configuration Release --verbosity quiet -nologo bench/detector
	@dotnet exec bench/detector/bin/Release/net10.0/Atalaya.DetectorBench.dll $(or $(ATALAYA_TEST_DATA),../shared/data) \
		--library .cache/detector/libonnxruntime.so.1 $(ARGS) .cache/detector/nanodet-g.yaml $(MODELS)

# Without CLIPS the footage beside the repository, or where ATALAYA_TEST_DATA says; events beside the clips where there are any, else the repository's.
eval: CLIPS ?= $(or $(ATALAYA_TEST_DATA),../shared/data)/video $(or $(ATALAYA_TEST_DATA),../shared/data)/negative
eval: EVENTS ?= $(if $(wildcard $(addsuffix /*.events.yaml,$(CLIPS))),,eval)
eval: ## alarms against what happens in real footage (CLIPS=folder, EVENTS=folder, ARGS=--json)
	@scripts/setup.sh test >&2
	@scripts/build.sh >&2
	@dotnet exec src/Atalaya.Node/bin/Release/net10.0/atalaya.dll evaluate $(CLIPS) $(if $(EVENTS),--events $(EVENTS)) $(ARGS)

eval-tracker: ## HOTA, MOTA and IDF1 of the tracker on public detections (MOT=folder, ARGS=--json)
	@scripts/setup.sh test >&2
	@scripts/build.sh >&2
	@dotnet exec src/Atalaya.Node/bin/Release/net10.0/atalaya.dll evaluate-tracker $(or $(MOT),$(or $(ATALAYA_TEST_DATA),../shared/data)/mot) $(ARGS)

clean: ## remove what was built; footage and the demo's archive stay
	rm -rf artifacts web/dist web/package/dist
	find src tests fuzz -name bin -prune -exec rm -rf {} + -o -name obj -prune -exec rm -rf {} +
