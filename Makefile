# Verinym: build, run on a local stack, test, package. `make help` lists the commands.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
PORT ?= 4566
STACK ?= ministack
TEST_PORT ?= 4570
# Tests of the stack wait more than they compute: on two cores three at once take less time than two. More
# of them keep the emulator, one process, from answering within the second that a call has.
TEST_THREADS ?= 3
# The default of the template's parameter is the one place that decides for which architecture functions are built.
TEMPLATE_ARCH := $(shell sed -n '/^  Architecture:$$/,/Default:/s/.*Default: *//p' template.yaml)
# LocalStack's containers run on this machine.
ARCH ?= $(if $(filter localstack,$(STACK)),$(if $(filter arm64 aarch64,$(shell uname -m)),arm64,x86_64),$(TEMPLATE_ARCH))
export PORT STACK PROFILE RATE_LIMIT_SCALE CORS_ORIGINS

STACK_PYTHON := .venv/stack/bin/python
LINT_BIN := .venv/lint/bin
PACKAGE_BIN := $(CURDIR)/.venv/package/bin
TOOLS := .stack/tools

# The tests' stack is another one, so that a developer's is not touched.
TEST_STACK := PORT=$(TEST_PORT) DATA=.stack/test STACK_ENV=target/test.env

# LocalStack's containers are Amazon Linux: they need packages, as AWS does, not what this machine's linker makes.
BUILD := $(if $(filter localstack,$(STACK)),package,build)

.PHONY: demo up down reset logs mails code status preflight bootstrap rotate-keys mail-templates import-users export-users test test-unit test-scripts test-stack test-roles lint lint-rust lint-templates lint-openapi \
        lint-dependencies tools bench bench-screening fuzz build release package openapi template venv help

## demo: build, start, deploy, seed, then walk the main journey as a client would
demo: up
	@$(STACK_PYTHON) -m localstack.demo

## up: build, start, deploy and seed the local stack (PORT=4566, STACK=ministack or localstack, PROFILE=convenient,
##     RATE_LIMIT_SCALE=1, CORS_ORIGINS=…)
up: venv $(BUILD)
	@ARCH=$(ARCH) $(STACK_PYTHON) -m localstack.up

## down: stop the local stack; the data stays (MiniStack's: LocalStack's community edition keeps none)
down: venv
	@$(STACK_PYTHON) -m localstack.emulator stop

## reset: stop the local stack and wipe its data
reset: venv
	@$(STACK_PYTHON) -m localstack.emulator reset

## logs: what the functions logged (AREA=auth, ID=a correlation id, SINCE=minutes)
logs: venv
	@$(STACK_PYTHON) -m localstack.logs

## mails: the mails that were sent (TO=address: the newest one to it, with its links; PHONE=number: the newest text message to it)
mails: venv
	@TO="$(TO)" PHONE="$(PHONE)" $(STACK_PYTHON) -m localstack.mailbox

## code: the next code of a seeded member of staff's authenticator app (ROLE=admin, moderator or auditor)
code: venv
	@ROLE="$(ROLE)" $(STACK_PYTHON) -m localstack.totp

## status: whether the emulator runs
status: venv
	@$(STACK_PYTHON) -m localstack.emulator status

## preflight: before `sam deploy`, what would fail half-way through (CONFIG=dev, staging or prod of samconfig.toml)
preflight: venv
	@CONFIG="$(CONFIG)" $(STACK_PYTHON) -m operations.preflight

## bootstrap: all that comes after a deployment, repeatable (NAME=stack ADMIN_EMAIL=address; STACK=aws for AWS;
##     ROLE=moderator or auditor: only gives the account this role)
bootstrap: venv
	@NAME="$(NAME)" ADMIN_EMAIL="$(ADMIN_EMAIL)" ROLE="$(ROLE)" $(STACK_PYTHON) -m operations.bootstrap

## rotate-keys: rotate keys before they are due (KEYS=signing, tokens or key_encryption; LEAKED=true voids what they made; NAME=stack; STACK=aws for AWS)
rotate-keys: venv
	@NAME="$(NAME)" KEYS="$(KEYS)" LEAKED="$(LEAKED)" $(STACK_PYTHON) -m operations.rotate_keys

## mail-templates: store a deployment's own texts of mails (DIR=directory NAME=stack, OBJECT=templates.json; STACK=aws for AWS)
mail-templates: venv
	@NAME="$(NAME)" DIR="$(DIR)" OBJECT="$(OBJECT)" $(STACK_PYTHON) -m operations.mail_templates

## import-users: import accounts with password hashes of another system, repeatable (FILE=file NAME=stack,
##     FORMAT=verinym, auth0, firebase or keycloak, HASH_CONFIG=file of Firebase's parameters; STACK=aws for AWS)
import-users: venv
	@NAME="$(NAME)" FILE="$(FILE)" FORMAT="$(FORMAT)" HASH_CONFIG="$(HASH_CONFIG)" $(STACK_PYTHON) -m operations.import_users

## export-users: all accounts as JSON lines (FILE=new file NAME=stack, HASHES=true for password hashes too; STACK=aws for AWS)
export-users: venv
	@NAME="$(NAME)" FILE="$(FILE)" HASHES="$(HASHES)" $(STACK_PYTHON) -m operations.export_users

## build: all functions, for development, in one go
build: venv
	@$(STACK_PYTHON) -m localstack.build

## test: unit and property tests, then the tests through a stack of their own, then its roles enforced
test: test-unit test-stack test-roles

test-unit: test-scripts
	cargo test --workspace --lib --test classes

# The operator's scripts and the local stack's, without any stack.
test-scripts: venv
	@$(STACK_PYTHON) -m unittest discover --start-directory operations/tests --top-level-directory .

## test-stack: the tests through a stack of their own (STACK=localstack: on LocalStack, by Docker)
test-stack: venv $(BUILD)
	@$(TEST_STACK) $(STACK_PYTHON) -m localstack.emulator reset
	@trap '$(TEST_STACK) $(STACK_PYTHON) -m localstack.emulator stop' EXIT; \
	$(TEST_STACK) PROFILE=convenient ARCH=$(ARCH) $(STACK_PYTHON) -m localstack.up; \
	set -a; source target/test.env; set +a; \
	rm -rf target/checked-answers; \
	STACK_ENV=target/test.env RUST_TEST_THREADS=$(TEST_THREADS) cargo test -p verinym-tests --no-fail-fast

# The journey, the guides, generated clients and generated requests, with the emulator's IAM enforcement on: a function that lacks a grant fails them. On a
# stack made anew: after a restart the emulator's stream poller stays behind, and the journey would wait for the sweep at each step.
test-roles: export AUTH := true
test-roles: venv build
	@$(TEST_STACK) STACK=ministack $(STACK_PYTHON) -m localstack.emulator reset
	@trap '$(TEST_STACK) STACK=ministack $(STACK_PYTHON) -m localstack.emulator stop' EXIT; \
	$(TEST_STACK) STACK=ministack $(STACK_PYTHON) -m localstack.up; \
	$(TEST_STACK) STACK=ministack $(STACK_PYTHON) -m localstack.demo | tee target/demo.txt; \
	$(STACK_PYTHON) -m localstack.sample target/demo.txt; \
	$(TEST_STACK) STACK=ministack $(STACK_PYTHON) -m localstack.guides; \
	$(TEST_STACK) STACK=ministack $(STACK_PYTHON) -m localstack.clients; \
	$(TEST_STACK) STACK=ministack $(STACK_PYTHON) -m localstack.fuzz

## lint: formatting, clippy, templates, the OpenAPI document, licences and sources of dependencies, unused dependencies
lint: lint-rust lint-templates lint-openapi lint-dependencies

lint-rust:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

lint-templates:
	@$(PYTHON) localstack/venv.py lint
	$(LINT_BIN)/cfn-lint template.yaml functions/sandbox/template.yaml
	@export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-central-1; \
	for template in template.yaml functions/sandbox/template.yaml; do \
		$(LINT_BIN)/sam validate --lint --template $$template; \
	done

# Node and both linters are pinned and installed into the project.
lint-openapi:
	$(PYTHON) localstack/node.py openapi spectral lint docs/openapi.json --fail-severity hint \
		--ruleset localstack/requirements/openapi/spectral.yaml
	$(PYTHON) localstack/node.py openapi redocly lint docs/openapi.json --config localstack/requirements/openapi/redocly.yaml

lint-dependencies: tools
	$(TOOLS)/bin/cargo-deny --all-features check licenses bans sources
	$(TOOLS)/bin/cargo-machete

# Built once from their locked sources, into the project; quickly rather than to run fast.
CARGO_DENY := 0.20.2
CARGO_MACHETE := 0.9.2

tools: $(TOOLS)/cargo-deny@$(CARGO_DENY) $(TOOLS)/cargo-machete@$(CARGO_MACHETE)

$(TOOLS)/cargo-%:
	@echo "· building $(notdir $@) (once)"
	@CARGO_TARGET_DIR=$(CURDIR)/$(TOOLS)/target cargo install --quiet --locked --debug --root $(TOOLS) $(notdir $@)
	@rm -rf $(TOOLS)/target
	@touch $@

## bench: the table of budgets: round trips, logins, tokens, cold start and memory of release functions, package sizes (after make up)
bench: release
	cargo run --quiet --release -p verinym-tests --bin bench

## fuzz: the list readers and the matcher against inputs that libFuzzer finds (MINUTES=10 a target, TARGETS="un_xml matching").
##       Needs a C++ compiler; not in CI
MINUTES ?= 10
fuzz:
	$(PYTHON) shared/screening/fuzz/run.py $(MINUTES) $(TARGETS)

## bench-screening: speed and accuracy of the matcher, by class of names, beside OpenSanctions' logic-v2 and logic-v1
SCREENING_BENCH := BENCH_VENV=.venv/screening $(PYTHON) shared/screening/bench
RELEASE := "$${CARGO_TARGET_DIR:-target}/release"
bench-screening:
	cargo build --release --workspace --bin screen --example bench_screening
	$(RELEASE)/examples/bench_screening
	rm -f $(RELEASE)/class-rows.csv
	VERINYM_CLASS_ROWS="$$(realpath -m $(RELEASE)/class-rows.csv)" cargo test --release --workspace --test classes -q
	$(SCREENING_BENCH)/classes.py $(RELEASE)/class-rows.csv
	$(SCREENING_BENCH)/side_by_side.py $(RELEASE)/screen shared/screening/samples/pairs.csv $(wildcard ../shared/names/pairs.csv)
	$(SCREENING_BENCH)/lists.py $(RELEASE)/screen $(or $(wildcard ../shared/lists),shared/screening/samples/lists)

## release: all functions, optimised, for this machine
release:
	cargo build --workspace --bins --release

## package: release functions as target/lambda/<name>/bootstrap, for `sam deploy`
package:
	$(if $(or $(filter $(TEMPLATE_ARCH),$(ARCH)),$(filter localstack,$(STACK)),$(BUILD_ONLY)),,$(error \
		template.yaml says $(TEMPLATE_ARCH): change the default of Architecture in both templates instead of ARCH))
	@$(PYTHON) localstack/venv.py package
	PATH=$(PACKAGE_BIN):$$PATH cargo lambda build --release --workspace --bins --lambda-dir target/lambda \
		$(if $(filter arm64,$(ARCH)),--arm64,--x86-64)

## openapi: write docs/openapi.json anew from the code
openapi:
	UPDATE_OPENAPI=1 cargo test -q -p verinym-tests --test contract the_document

## template: write the functions' part of template.yaml, and their binaries, anew from the code
template:
	UPDATE_TEMPLATE=1 cargo test -q -p verinym-tests --test contract the_template_and_the_binaries

venv:
	@$(PYTHON) localstack/venv.py stack

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+): (.*)/  make \1\t\2/' | expand -t 22
