// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: sim [--members N] [--seed N] [--hours H] ...
 *
 * One run of the simulator, and what was seen in it.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "sim.h"

static const char usage[] =
	"usage: sim [option...]\n"
	"  --members N        group members, 1000 without it\n"
	"  --seed N           all that happens follows from it\n"
	"  --hours H          of virtual time, 24 without it\n"
	"  --inband PERCENT   of the members; the others by multicast\n"
	"  --liveness SECONDS of silence before a liveness check\n"
	"  --lifetime SECONDS of keys\n"
	"  --delays ATD,DTD   in seconds\n"
	"  --wait SECONDS     of rolls for members that do not answer\n"
	"  --sign             GSA_REKEY by Ed25519\n"
	"  --weather NAME     calm, rough or storm\n"
	"  --threads N        as many as there are processors without it\n"
	"  --trace FROM[,TO]  says what happens in these seconds\n";

static const struct option options[] = {
	{ "members", required_argument, NULL, 'm' },
	{ "seed", required_argument, NULL, 's' },
	{ "hours", required_argument, NULL, 'h' },
	{ "inband", required_argument, NULL, 'i' },
	{ "liveness", required_argument, NULL, 'l' },
	{ "lifetime", required_argument, NULL, 'k' },
	{ "delays", required_argument, NULL, 'd' },
	{ "wait", required_argument, NULL, 'a' },
	{ "sign", no_argument, NULL, 'g' },
	{ "weather", required_argument, NULL, 'w' },
	{ "threads", required_argument, NULL, 'p' },
	{ "trace", required_argument, NULL, 't' },
	{ 0 },
};

static bool set_weather(struct sim_config *config, const char *name)
{
	static const char *const names[SIM_WEATHERS] = { "calm", "rough",
							 "storm" };

	for (size_t i = 0; name && i < SIM_WEATHERS; i++)
		if (strcmp(name, names[i]) == 0) {
			config->weather = i;
			return true;
		}
	return false;
}

static bool set_option(struct sim_config *config, int option, const char *value)
{
	char *rest = NULL;
	double number = value ? strtod(value, &rest) : 0;

	switch (option) {
	case 'm':
	case 's':
		return true; /* seen already */
	case 'h':
		config->duration = number * SIM_HOUR;
		return number > 0 && !*rest;
	case 'i':
		config->inband = number;
		return number <= 100 && !*rest;
	case 'l':
		config->liveness = number;
		return number >= 1 && !*rest;
	case 'k':
		config->lifetime = number;
		return number >= 60 && !*rest;
	case 'd':
		config->atd = number;
		config->dtd = *rest ? strtoul(rest + 1, NULL, 10) : 0;
		return config->dtd > config->atd + 1;
	case 'a':
		config->wait = number;
		return number <= UINT16_MAX && !*rest;
	case 'g':
		config->sign = true;
		return true;
	case 'w':
		return set_weather(config, value);
	case 't':
		if (!value)
			return false;
		config->trace_from = number * GIKEV2_SECOND;
		config->trace_to =
			*rest ? strtod(rest + 1, NULL) * GIKEV2_SECOND
			      : UINT64_MAX;
		return true;
	case 'p':
		config->threads = number;
		return number >= 1 && number <= SIM_SHARDS && !*rest;
	default:
		return false;
	}
}

/* Number of members and seed first: the other defaults follow from them. */
static bool read_options(struct sim_config *config, int argc, char **argv)
{
	uint32_t members = 1000;
	uint64_t seed = 1;
	long processors;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'm')
			members = strtoul(optarg, NULL, 10);
		if (option == 's')
			seed = strtoull(optarg, NULL, 10);
		if (option == '?')
			return false;
	}
	if (!members || members > 1000000 || optind < argc)
		return false;
	sim_config_default(config, members, seed);
	processors = sysconf(_SC_NPROCESSORS_ONLN);
	config->threads = processors < 1	    ? 1
			  : processors < SIM_SHARDS ? processors
						    : SIM_SHARDS;
	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!set_option(config, option, optarg))
			return false;
	return true;
}

static double seconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void report(const struct sim *sim, double begin)
{
	const struct sim_results *r = &sim->results;
	const struct sim_counts *c = &sim->counts;
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	printf("  %" PRIu64 " events, %" PRIu64 " checks; %" PRIu64
	       " datagrams sent, %" PRIu64 " arrived, %" PRIu64
	       " lost, %" PRIu64 " cut, %" PRIu64 " twice\n",
	       c->events, c->checks, c->datagrams, c->delivered, c->lost,
	       c->cut, c->repeated);
	printf("  %" PRIu64 " generations of keys, %" PRIu64
	       " registrations, %" PRIu64
	       " rekeys received, %u half-open at most\n",
	       r->rolls, c->registrations, c->rekeys, r->half_open);
	printf("  %" PRIu64 " times late, for %.0f s at most; %" PRIu64
	       " exclusions of those who listened on\n",
	       r->late, r->longest_late / 1e6, r->spies);
	for (int i = 0; i < SIM_INCIDENTS; i++)
		printf("  %" PRIu64 " %s", r->incidents[i],
		       sim_incident_text(i));
	printf("\n  server: %zu octets with %u members, %zu without, %zu at the end\n",
	       r->server_full, r->full_members, r->server_floor.octets,
	       r->server_end);
	printf("  digest %016" PRIx64 "\n", r->digest);
	printf("  %.1f s, %.1f s of CPU, %ld MiB\n",
	       seconds(CLOCK_MONOTONIC) - begin,
	       seconds(CLOCK_PROCESS_CPUTIME_ID), usage.ru_maxrss / 1024);
}

int main(int argc, char **argv)
{
	struct sim_config config;
	double begin = seconds(CLOCK_MONOTONIC);
	struct sim *sim;
	bool ok;

	sim_memory_init();
	if (!read_options(&config, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	sim = sim_new(&config);
	printf("sim: %u members (%u %% inband), seed %" PRIu64
	       ", %.1f hours, %s weather\n",
	       config.members, config.inband, config.seed,
	       (double)config.duration / SIM_HOUR, sim->weather.name);
	ok = sim_run(sim);
	report(sim, begin);
	if (ok)
		printf("  every promise was kept\n");
	else
		printf("  FAILED: %s\n", sim->failure);
	sim_free(sim);
	return ok ? 0 : 1;
}
