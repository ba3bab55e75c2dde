// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Load for a key server: so many group members, at such a rate, from one process.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "flood.h"
#include "mrkmd/mrkm_psk.h"

/* Datagrams that are taken before the clock is looked at again. */
#define READS_MAX 256
/* The same of registrations begun, and of bogus messages. */
#define BURST_MAX 256
#define BOGUS_MAX 1024
#define SOCKET_BUFFER (4 << 20)

static const char usage[] =
	"usage: gikev2-load --server ADDRESS [option...]\n"
	"Registers group members with a G-IKEv2 key server, and says how long that took.\n"
	"  --server ADDRESS    of the key server\n"
	"  --port PORT         its UDP port, 848 without it\n"
	"  --members N         how many members, 100 without it\n"
	"  --rate R            registrations begun in a second, 100 without it\n"
	"  --group NAME        of the group, CORE without it\n"
	"  --identity PATTERN  of the members, r%u.example.net without it; from 1\n"
	"  --psk FILE          with the key that the server shares with all of them\n"
	"  --hold SECONDS      stay so long after the last one registered, and follow rekeys\n"
	"  --time SECONDS      give up after that, 300 without it\n"
	"  --stay              do not leave the group at the end, as if all were cut off\n"
	"  --cheap             X25519 alone, without ML-KEM\n"
	"  --ike-only          IKE SAs by IKE_AUTH and no group, with any IKEv2 daemon\n"
	"  --bogus R           first messages in a second that nothing follows\n"
	"  --bogus-from A/LEN  from all over that IPv4 network, which has to be here\n"
	"  --print             member lines for the key server's configuration, no more\n";

struct options {
	struct gikev2_endpoint server;
	uint32_t members;
	double rate, bogus;
	const char *group, *identity, *psk;
	uint64_t hold, time;
	bool stay, cheap, ike_only, print;
	struct flood_network bogus_from;
};

struct load {
	struct options options;
	struct crowd *crowd;
	int fd;
	uint64_t begin, now, all_at, shown_at;
	double credit, bogus_credit;
	uint32_t begun;
	struct flood *flood; /* NULL: none */
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static uint64_t clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * GIKEV2_SECOND + ts.tv_nsec / 1000;
}

/* ------------------------------------------------------------------- network */

static int open_socket(const struct gikev2_endpoint *server)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6,
				     .sin6_port = htons(server->port) };
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(server->port) };
	int family = server->family == 4 ? AF_INET : AF_INET6;
	int size = SOCKET_BUFFER, fd;

	fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* as much as the system allows */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	memcpy(&sin.sin_addr, server->ip, sizeof(sin.sin_addr));
	memcpy(&sin6.sin6_addr, server->ip, sizeof(sin6.sin6_addr));
	if (connect(fd,
		    family == AF_INET ? (struct sockaddr *)&sin
				      : (struct sockaddr *)&sin6,
		    family == AF_INET ? sizeof(sin) : sizeof(sin6)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int on_send(void *arg, uint32_t member, const uint8_t *octets,
		   size_t len)
{
	struct load *load = arg;

	(void)member;
	return send(load->fd, octets, len, 0) < 0 ? -1 : 0;
}

static void receive(struct load *load)
{
	uint8_t octets[65536];

	for (int i = 0; i < READS_MAX; i++) {
		ssize_t len = recv(load->fd, octets, sizeof(octets), 0);

		if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		/* ICMP errors: the server is not there; repetitions go on */
		if (len < 0)
			continue;
		crowd_input(load->crowd, octets, len, load->now);
	}
}

/* ---------------------------------------------------------------------- pace */

static void flood_some(struct load *load, double seconds)
{
	const struct options *options = &load->options;
	unsigned int count;

	load->bogus_credit += seconds * options->bogus;
	/* what a second did not have room for is not made up for */
	if (load->bogus_credit > options->bogus)
		load->bogus_credit = options->bogus;
	count = load->bogus_credit < BOGUS_MAX ? load->bogus_credit : BOGUS_MAX;
	flood_send(load->flood, load->crowd, count, load->now);
	load->bogus_credit -= count;
}

static void begin_some(struct load *load, double seconds)
{
	const struct options *options = &load->options;

	load->credit += seconds * options->rate;
	for (int i = 0; i < BURST_MAX && load->credit >= 1 &&
			load->begun < options->members;
	     i++, load->credit -= 1)
		if (crowd_start(load->crowd, load->begun++, load->now) < 0)
			load->credit = 0;
	if (load->flood)
		flood_some(load, seconds);
}

static int compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* In milliseconds; sorts a copy. */
static double percentile(const struct load *load, double part)
{
	size_t count;
	const uint32_t *all = crowd_latencies(load->crowd, &count);
	uint32_t *sorted;
	double value;

	if (!count)
		return 0;
	sorted = malloc(count * sizeof(*sorted));
	if (!sorted)
		return 0;
	memcpy(sorted, all, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare);
	value = sorted[(size_t)(part * (count - 1))] / 1e3;
	free(sorted);
	return value;
}

static void show_progress(struct load *load)
{
	const struct crowd_totals *totals = crowd_totals(load->crowd);

	if (load->now - load->shown_at < GIKEV2_SECOND)
		return;
	load->shown_at = load->now;
	fprintf(stderr,
		"\r%6.1f s: %u of %u registered, %" PRIu64 " failed, %" PRIu64
		" rekeys, half of them within %.1f ms  ",
		(load->now - load->begin) / 1e6, totals->registered,
		load->options.members, totals->failures, totals->rekeys,
		percentile(load, 0.5));
	if (load->flood)
		fprintf(stderr, "%" PRIu64 " bogus  ",
			flood_totals(load->flood)->sent);
	fflush(stderr);
}

static bool is_over(struct load *load)
{
	const struct crowd_totals *totals = crowd_totals(load->crowd);
	const struct options *options = &load->options;

	if (!load->all_at && totals->registered == options->members)
		load->all_at = load->now;
	return stopped || load->now >= load->begin + options->time ||
	       (load->all_at && load->now >= load->all_at + options->hold);
}

static int poll_time(const struct load *load)
{
	uint64_t next = crowd_next(load->crowd);

	if (load->begun < load->options.members || load->options.bogus)
		return 1;
	if (next <= load->now)
		return 0;
	next = (next - load->now) / 1000 + 1;
	return next > 100 ? 100 : next;
}

static void run(struct load *load)
{
	struct pollfd pollfds[] = {
		{ .fd = load->fd, .events = POLLIN },
		{ .fd = load->flood ? flood_fd(load->flood) : -1,
		  .events = POLLIN },
	};

	load->begin = load->now = load->shown_at = clock_now();
	while (!is_over(load)) {
		uint64_t before = load->now;

		if (poll(pollfds, 2, poll_time(load)) < 0 && errno != EINTR)
			break;
		load->now = clock_now();
		receive(load);
		if (load->flood)
			flood_receive(load->flood);
		crowd_expire(load->crowd, load->now);
		begin_some(load, (load->now - before) / 1e6);
		show_progress(load);
	}
}

/* A moment for the Deletes and their answers. */
static void leave(struct load *load)
{
	struct pollfd pollfd = { .fd = load->fd, .events = POLLIN };
	uint64_t end;

	for (uint32_t i = 0; i < load->begun; i++) {
		crowd_stop(load->crowd, i, load->now);
		if (i % BURST_MAX == 0) {
			load->now = clock_now();
			receive(load);
		}
	}
	end = clock_now() + 2 * GIKEV2_SECOND;
	while ((load->now = clock_now()) < end && poll(&pollfd, 1, 100) > 0)
		receive(load);
}

/* -------------------------------------------------------------------- report */

static void report_flood(const struct flood_totals *totals)
{
	printf("  bogus first messages %" PRIu64
	       ", not accepted by the system %" PRIu64
	       ", answered by a cookie %" PRIu64 ", otherwise %" PRIu64 "\n",
	       totals->sent, totals->lost, totals->cookies, totals->others);
}

static void report(const struct load *load)
{
	const struct crowd_totals *totals = crowd_totals(load->crowd);
	struct gikev2_totals engine;
	double seconds =
		((load->all_at ? load->all_at : load->now) - load->begin) / 1e6;

	gikev2_get_totals(crowd_engine(load->crowd), &engine);
	fprintf(stderr, "\n");
	printf("%u of %u members registered, in %.2f s; %.0f registrations a second\n",
	       totals->registered, load->options.members, seconds,
	       seconds > 0 ? totals->registrations / seconds : 0);
	printf("  registrations %" PRIu64 ", failures %" PRIu64
	       ", rekeys %" PRIu64 "\n",
	       totals->registrations, totals->failures, totals->rekeys);
	printf("  datagrams sent %" PRIu64 ", received %" PRIu64
	       ", repeated %" PRIu64 ", not accepted by the system %" PRIu64
	       "\n",
	       engine.datagrams_out, engine.datagrams_in,
	       engine.retransmissions, totals->lost);
	printf("  from first message to keys, ms: 50 %% %.2f, 90 %% %.2f, 99 %% %.2f, 99.9 %% %.2f, most %.2f\n",
	       percentile(load, 0.5), percentile(load, 0.9),
	       percentile(load, 0.99), percentile(load, 0.999),
	       percentile(load, 1));
	if (load->flood)
		report_flood(flood_totals(load->flood));
	for (int i = 0; i < GIKEV2_ERR_MAX; i++)
		if (totals->reasons[i])
			printf("  %" PRIu64 " times: %s\n", totals->reasons[i],
			       gikev2_err_text(i));
}

static void print_members(const struct options *options)
{
	const char *at = strstr(options->identity, "%u");

	for (uint32_t i = 1; at && i <= options->members; i++)
		printf("   member fqdn %.*s%u%s pre-shared-key file %s\n",
		       (int)(at - options->identity), options->identity, i,
		       at + 2, options->psk ? options->psk : "FILE");
}

/* ------------------------------------------------------------------- options */

static const struct option long_options[] = {
	{ "server", required_argument, NULL, 's' },
	{ "port", required_argument, NULL, 'p' },
	{ "members", required_argument, NULL, 'm' },
	{ "rate", required_argument, NULL, 'r' },
	{ "group", required_argument, NULL, 'g' },
	{ "identity", required_argument, NULL, 'i' },
	{ "psk", required_argument, NULL, 'k' },
	{ "hold", required_argument, NULL, 'h' },
	{ "time", required_argument, NULL, 't' },
	{ "stay", no_argument, NULL, 'y' },
	{ "cheap", no_argument, NULL, 'c' },
	{ "ike-only", no_argument, NULL, 'o' },
	{ "bogus", required_argument, NULL, 'b' },
	{ "bogus-from", required_argument, NULL, 'f' },
	{ "print", no_argument, NULL, 'P' },
	{ "help", no_argument, NULL, '?' },
	{ 0 },
};

static bool set_server(struct gikev2_endpoint *server, const char *text)
{
	server->family = strchr(text, ':') ? 6 : 4;
	return inet_pton(server->family == 4 ? AF_INET : AF_INET6, text,
			 server->ip) == 1;
}

static bool set_network(struct options *options, const char *text)
{
	struct in_addr address;
	char copy[64];
	char *slash;
	int len;

	snprintf(copy, sizeof(copy), "%s", text);
	slash = strchr(copy, '/');
	if (!slash)
		return false;
	*slash = '\0';
	len = atoi(slash + 1);
	if (inet_pton(AF_INET, copy, &address) != 1 || len < 1 || len > 28)
		return false;
	options->bogus_from.hosts = 1u << (32 - len);
	options->bogus_from.address = ntohl(address.s_addr) &
				      ~(options->bogus_from.hosts - 1);
	return true;
}

static bool set_option(struct options *options, int option, const char *value)
{
	switch (option) {
	case 's':
		return set_server(&options->server, value);
	case 'p':
		options->server.port = atoi(value);
		return options->server.port != 0;
	case 'm':
		options->members = strtoul(value, NULL, 10);
		return options->members <= 1000000;
	case 'r':
		options->rate = atof(value);
		return options->rate > 0;
	case 'g':
		options->group = value;
		return strlen(value) <= GIKEV2_ID_MAX;
	case 'i':
		options->identity = value;
		return true;
	case 'k':
		options->psk = value;
		return true;
	case 'h':
		options->hold = atof(value) * GIKEV2_SECOND;
		return true;
	case 't':
		options->time = atof(value) * GIKEV2_SECOND;
		return true;
	case 'y':
		options->stay = true;
		return true;
	case 'c':
		options->cheap = true;
		return true;
	case 'o':
		options->ike_only = true;
		return true;
	case 'b':
		options->bogus = atof(value);
		return true;
	case 'f':
		return set_network(options, value);
	case 'P':
		options->print = true;
		return true;
	default:
		return false;
	}
}

static bool read_options(struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){
		.server = { .port = GIKEV2_PORT },
		.members = 100,
		.rate = 100,
		.group = "CORE",
		.identity = "r%u.example.net",
		.time = 300 * GIKEV2_SECOND,
	};
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!set_option(options, option, optarg))
			return false;
	return optind == argc && (options->server.family || options->print);
}

static struct crowd *make_crowd(struct load *load)
{
	const struct options *options = &load->options;
	struct crowd_config config = {
		.count = options->members,
		.identity = options->identity,
		.group = options->group,
		.server = options->server,
		.ike_only = options->ike_only,
		.send = on_send,
		.arg = load,
	};
	char problem[512];
	struct crowd *crowd;

	if (options->members && !options->psk) {
		fprintf(stderr, "gikev2-load: name the key's file: --psk\n");
		return NULL;
	}
	if (options->psk && mrkm_psk_read(options->psk, &config.secret, problem,
					  sizeof(problem)) < 0) {
		fprintf(stderr, "gikev2-load: %s\n", problem);
		return NULL;
	}
	gikev2_params_default(&config.params);
	/* their lives are short */
	config.params.rekey_time = 0;
	if (options->cheap)
		memset(config.params.addke, 0, sizeof(config.params.addke));
	crowd = crowd_new(&config);
	explicit_bzero(&config.secret, sizeof(config.secret));
	if (!crowd)
		fprintf(stderr,
			"gikev2-load: out of memory, or --identity without one %%u\n");
	return crowd;
}

int main(int argc, char **argv)
{
	static struct load load;
	int ret;

	if (!read_options(&load.options, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	if (load.options.print) {
		print_members(&load.options);
		return 0;
	}
	load.crowd = make_crowd(&load);
	if (!load.crowd)
		return 1;
	load.fd = open_socket(&load.options.server);
	if (load.options.bogus > 0)
		load.flood = flood_new(&load.options.server,
				       &load.options.bogus_from);
	if (load.fd < 0 || (load.options.bogus > 0 && !load.flood)) {
		fprintf(stderr, "gikev2-load: no way to the server: %s\n",
			strerror(errno));
		return 1;
	}
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	run(&load);
	ret = crowd_totals(load.crowd)->registered == load.options.members ? 0
									   : 1;
	report(&load);
	if (!load.options.stay)
		leave(&load);
	flood_free(load.flood);
	crowd_free(load.crowd);
	close(load.fd);
	return ret;
}
