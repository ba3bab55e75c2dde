// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key server and its members, in memory and in virtual time: what a
 * registration, a roll and a member cost at the server, against the number of
 * members.
 *
 * usage: bench_server [MEMBERS_MAX]
 *
 * Lines that begin with "figure" are for tests/bench/plot.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "bare.h"
#include "crowd.h"
#include "tests/sim/sim.h"

#define START (1000 * GIKEV2_SECOND)
#define QUEUE_MAX 16384
/* What malloc() adds to a block, and rounds it up to, on the average. */
#define BLOCK_COST 16

struct datagram {
	size_t len;
	uint8_t octets[1536];
};

struct scene {
	struct gikev2 *server;
	struct gikev2_group *group;
	struct crowd *crowd;
	struct sim_account account;
	struct gikev2_group_config config;
	/* to the server, and to the members */
	struct datagram *queue[2];
	size_t head[2], tail[2];
	uint64_t now;
	uint64_t spent, longest; /* CPU at the server, nanoseconds */
	uint64_t calls, acknowledged, octets;
};

enum {
	TO_SERVER,
	TO_MEMBERS
};

/* --------------------------------------------------------------- network */

static int enqueue(struct scene *s, int to, const uint8_t *octets, size_t len)
{
	struct datagram *slot;

	if (s->head[to] - s->tail[to] == QUEUE_MAX ||
	    len > sizeof(slot->octets)) {
		fprintf(stderr, "bench_server: a datagram got lost\n");
		exit(1);
	}
	slot = &s->queue[to][s->head[to]++ % QUEUE_MAX];
	slot->len = len;
	memcpy(slot->octets, octets, len);
	return 0;
}

static int on_crowd_send(void *arg, uint32_t member, const uint8_t *octets,
			 size_t len)
{
	(void)member;
	return enqueue(arg, TO_SERVER, octets, len);
}

static int on_output(void *arg, const struct gikev2_path *path,
		     const uint8_t *octets, size_t len)
{
	struct sim_account *before = sim_memory_of(NULL);
	struct scene *s = arg;

	s->octets += len;
	if (!gikev2_endpoint_multicast(&path->remote))
		enqueue(s, TO_MEMBERS, octets, len);
	sim_memory_of(before);
	return 0;
}

static int on_random(void *arg, uint8_t *octets, size_t len)
{
	(void)arg;
	return RAND_priv_bytes(octets, len) == 1 ? 0 : -1;
}

static int on_psk(void *arg, enum gikev2_role role, void *cookie,
		  const struct gikev2_id *peer, struct gikev2_secret *secret)
{
	(void)arg;
	(void)role;
	(void)cookie;
	(void)peer;
	secret->len = 32;
	memset(secret->octets, 'k', secret->len);
	return 0;
}

static int on_authorize(void *arg, void *cookie, const struct gikev2_id *peer)
{
	(void)arg;
	(void)cookie;
	(void)peer;
	return 0;
}

static void on_keys(void *arg, void *cookie, const struct keytable_row *rows,
		    size_t count)
{
	(void)arg;
	(void)cookie;
	(void)rows;
	(void)count;
}

static void on_event(void *arg, const struct gikev2_event *event)
{
	struct scene *s = arg;

	s->acknowledged += event->type == GIKEV2_EVENT_MEMBER_ACKNOWLEDGED;
}

static const struct gikev2_callbacks callbacks = {
	.output = on_output,
	.random = on_random,
	.psk = on_psk,
	.authorize = on_authorize,
	.keys = on_keys,
	.event = on_event,
};

static void measured(struct scene *s, uint64_t start)
{
	uint64_t time = cpu_nanoseconds() - start;

	s->spent += time;
	s->calls++;
	if (time > s->longest)
		s->longest = time;
}

static void server_input(struct scene *s, const struct datagram *datagram)
{
	static const struct gikev2_path path = {
		.local = { .family = 4, .port = 848, .ip = { 10, 0, 0, 1 } },
		.remote = { .family = 4, .port = 848, .ip = { 10, 0, 0, 2 } },
	};
	struct sim_account *before = sim_memory_of(&s->account);
	uint64_t start = cpu_nanoseconds();

	gikev2_input(s->server, &path, datagram->octets, datagram->len, s->now);
	measured(s, start);
	sim_memory_of(before);
}

static void server_expire(struct scene *s)
{
	struct sim_account *before = sim_memory_of(&s->account);
	uint64_t start = cpu_nanoseconds();

	gikev2_expire(s->server, s->now);
	measured(s, start);
	sim_memory_of(before);
}

/* All that is on its way arrives. */
static void deliver(struct scene *s)
{
	while (s->head[0] != s->tail[0] || s->head[1] != s->tail[1]) {
		if (s->head[TO_SERVER] != s->tail[TO_SERVER]) {
			struct datagram *datagram =
				&s->queue[TO_SERVER]
					 [s->tail[TO_SERVER] % QUEUE_MAX];

			server_input(s, datagram);
			s->tail[TO_SERVER]++;
		}
		if (s->head[TO_MEMBERS] != s->tail[TO_MEMBERS]) {
			struct datagram *datagram =
				&s->queue[TO_MEMBERS]
					 [s->tail[TO_MEMBERS] % QUEUE_MAX];

			crowd_input(s->crowd, datagram->octets, datagram->len,
				    s->now);
			s->tail[TO_MEMBERS]++;
		}
	}
}

/* Virtual time goes on, until nothing is due before `until`. */
static void run(struct scene *s, uint64_t until)
{
	deliver(s);
	for (;;) {
		uint64_t server = gikev2_next_deadline(s->server);
		uint64_t members = crowd_next(s->crowd);
		uint64_t next = server < members ? server : members;

		if (next > until)
			break;
		if (next > s->now)
			s->now = next;
		if (server <= s->now)
			server_expire(s);
		if (members <= s->now)
			crowd_expire(s->crowd, s->now);
		deliver(s);
	}
	s->now = until;
}

/* ------------------------------------------------------------- begin and end */

static struct gikev2_group_config group_config(bool multicast)
{
	struct gikev2_group_config config = {
		.id = { .type = GIKEV2_ID_KEY_ID, .len = 4 },
		.protocols = { { 201, KEYTABLE_HMAC_SHA_256, 86400 } },
		.protocol_count = 1,
		.rekey.wait = 300,
		.atd = 5,
		.dtd = 15,
	};

	memcpy(config.id.data, "CORE", 4);
	if (!multicast)
		return config;
	config.rekey.destination = (struct gikev2_endpoint){
		.family = 4, .port = GIKEV2_PORT, .ip = { 239, 192, 1, 1 }
	};
	config.rekey.lifetime = 86400;
	config.rekey.copies = 1;
	config.rekey.members_max = 1u << 17;
	return config;
}

static struct scene *begin(uint32_t members, bool multicast)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct crowd_config config = {
		.count = members,
		.identity = "r%u.example.net",
		.group = "CORE",
		.server = { .family = 4, .port = 848, .ip = { 10, 0, 0, 1 } },
		.send = on_crowd_send,
		.arg = s,
	};
	struct gikev2_params params;
	struct gikev2_id name = { .type = GIKEV2_ID_KEY_ID,
				  .len = 2,
				  .data = "ks" };
	struct sim_account *before;

	gikev2_params_default(&params);
	/* what it is compared with has one key exchange; and one network */
	memset(params.addke, 0, sizeof(params.addke));
	params.half_open_prefix_max = 0;
	config.params = params;
	on_psk(NULL, GIKEV2_MEMBER, NULL, NULL, &config.secret);
	s->now = START;
	for (int i = 0; i < 2; i++)
		s->queue[i] = calloc(QUEUE_MAX, sizeof(*s->queue[i]));
	s->crowd = crowd_new(&config);
	s->config = group_config(multicast);
	before = sim_memory_of(&s->account);
	s->server = gikev2_new(&callbacks, s, &params);
	gikev2_set_identity(s->server, &name);
	s->group = gikev2_group_add(s->server, s, &s->config, s->now);
	sim_memory_of(before);
	if (!s->crowd || !s->group)
		exit(1);
	run(s, s->now + 100 * GIKEV2_SECOND);
	return s;
}

static void end(struct scene *s)
{
	gikev2_free(s->server);
	crowd_free(s->crowd);
	free(s->queue[0]);
	free(s->queue[1]);
	free(s);
	malloc_trim(0);
}

/* One after the other, close together. */
static void register_all(struct scene *s, uint32_t members)
{
	for (uint32_t i = 0; i < members; i++) {
		crowd_start(s->crowd, i, s->now);
		deliver(s);
		if (i % 4096 == 4095)
			s->now += GIKEV2_SECOND / 10;
	}
	if (crowd_totals(s->crowd)->registered != members) {
		fprintf(stderr, "bench_server: %u of %u members registered\n",
			crowd_totals(s->crowd)->registered, members);
		exit(1);
	}
}

static void clear_figures(struct scene *s)
{
	s->spent = s->longest = s->calls = s->acknowledged = s->octets = 0;
}

static double weight(const struct scene *s)
{
	return s->account.octets + BLOCK_COST * (double)s->account.blocks;
}

/* ------------------------------------------------------------------- figures */

static void figure(const char *name, uint32_t members, double value)
{
	printf("figure %s %u %.6g\n", name, members, value);
}

/* Registration, and what a member weighs. */
static void registration(struct scene *s, uint32_t members, bool multicast,
			 double bare)
{
	double floor = weight(s), each;

	clear_figures(s);
	register_all(s, members);
	each = (double)s->spent / members;
	printf("  %-52s %10.1f us, %.2f of it OpenSSL alone\n", "registration",
	       each / 1e3, bare / each);
	figure(multicast ? "registration-multicast" : "registration-inband",
	       members, each / bare);
	/* by now SAs that are not kept are closed */
	run(s, s->now + 60 * GIKEV2_SECOND);
	printf("  %-52s %10.0f octets\n", "memory of a member",
	       (weight(s) - floor) / members);
	figure(multicast ? "memory-multicast" : "memory-inband", members,
	       (weight(s) - floor) / members);
}

/* From the operator's command to the last acknowledgement, then to the end. */
static void roll(struct scene *s, uint32_t members, bool multicast, double bare)
{
	struct sim_account *before = sim_memory_of(&s->account);
	uint64_t start = cpu_nanoseconds(), all = 0, first;

	clear_figures(s);
	gikev2_group_rekey(s->group, s->now);
	measured(s, start);
	sim_memory_of(before);
	while (!multicast && s->acknowledged < members)
		run(s, s->now + 1);
	first = s->spent;
	printf("  %-52s %10.3f s\n",
	       multicast ? "roll by multicast, CPU"
			 : "roll, until all have acknowledged, CPU",
	       first / 1e9);
	figure(multicast ? "roll-multicast" : "roll-inband", members,
	       first / bare);
	run(s, s->now + 30 * GIKEV2_SECOND);
	all = s->spent;
	if (!multicast)
		printf("  %-52s %10.3f s\n",
		       "and the switch, and the end of the old key, CPU",
		       all / 1e9);
	printf("  %-52s %10.3f ms of %lu calls\n",
	       "the longest call of the engine", s->longest / 1e6,
	       (unsigned long)s->calls);
	figure(multicast ? "stall-multicast" : "stall-inband", members,
	       s->longest / 1e6);
	if (!multicast && crowd_totals(s->crowd)->rekeys != members)
		printf("  (%lu rekeys were news)\n",
		       (unsigned long)crowd_totals(s->crowd)->rekeys);
}

static void measure(uint32_t members, bool multicast)
{
	struct scene *s = begin(members, multicast);
	double bare = bare_registrations(2000) / 2000.0;

	printf("%u members, %s\n", members,
	       multicast ? "by multicast, IKE SAs closed"
			 : "inband, IKE SAs kept");
	registration(s, members, multicast, bare);
	roll(s, members, multicast, bare);
	end(s);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	uint32_t most = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;

	sim_memory_init();
	printf("key server in memory, one core, PSK and X25519\n");
	/* what OpenSSL makes once */
	end(begin(1, false));
	bare_registrations(200);
	for (uint32_t members = 10; members <= most; members *= 10) {
		measure(members, false);
		measure(members, true);
	}
	return 0;
}
