// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key server in trouble, in virtual time, with real cryptography.  Its CPU time
 * is taken as it is measured, and time that passes there passes for all; what does
 * not fit into its socket's buffer meanwhile is lost.
 *
 * usage: bench_outage [MEMBERS [BOGUS_RATE]]
 *
 * After an outage all members come back.  Under a flood of first messages from all
 * over the world, members are rekeyed and newcomers register.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "bare.h"
#include "crowd.h"

#define START (1000 * GIKEV2_SECOND)
#define MS UINT64_C(1000)
#define LATENCY (5 * MS)
/* The kernel's share of a datagram that comes in, and of one that goes out. */
#define IO_COST 4
/* Datagrams that a socket's buffer of the usual size holds. */
#define BUFFER_MAX 300
#define RING_MAX 32768
#define OUTAGE (600 * GIKEV2_SECOND)
#define FLOOD_TIME (20 * GIKEV2_SECOND)
#define FLOOD_MEMBERS 1000
#define NEWCOMERS 200

struct datagram {
	uint64_t due;
	struct gikev2_path path; /* as the server sees it */
	size_t len;
	uint8_t octets[1024];
};

struct ring {
	struct datagram *slot;
	uint64_t head, tail;
};

struct scene {
	struct gikev2 *server; /* NULL: down */
	struct gikev2_group *group;
	struct crowd *crowd;
	struct ring way_in, buffer, way_out;
	uint64_t now;
	uint64_t free_at; /* the server's next turn */
	uint64_t busy;	  /* microseconds so far */
	uint64_t shed;	  /* lost for want of buffer */
	uint64_t acknowledged, last_ack;
	uint32_t half_open; /* most */
	bool flooding;
	double bogus_rate;
	uint64_t bogus_due, bogus;
};

/* ------------------------------------------------------------------- network */

static struct datagram *push(struct ring *ring)
{
	if (ring->head - ring->tail == RING_MAX) {
		fprintf(stderr, "bench_outage: too much under way\n");
		exit(1);
	}
	return &ring->slot[ring->head++ % RING_MAX];
}

static struct datagram *first(const struct ring *ring)
{
	return ring->head == ring->tail ? NULL
					: &ring->slot[ring->tail % RING_MAX];
}

static void put(struct datagram *datagram, const uint8_t *octets, size_t len)
{
	if (len > sizeof(datagram->octets))
		exit(1);
	datagram->len = len;
	memcpy(datagram->octets, octets, len);
}

/* 250 of them in a network. */
static struct gikev2_path path_of(uint32_t member)
{
	uint32_t net = member / 250;

	return (struct gikev2_path){
		.local = { .family = 4, .port = 848, .ip = { 10, 0, 0, 1 } },
		.remote = { .family = 4,
			    .port = 848,
			    .ip = { 10, 1 + (net >> 8), net,
				    1 + member % 250 } },
	};
}

static int on_crowd_send(void *arg, uint32_t member, const uint8_t *octets,
			 size_t len)
{
	struct scene *s = arg;
	struct datagram *datagram = push(&s->way_in);

	datagram->due = s->now + LATENCY;
	datagram->path = path_of(member);
	put(datagram, octets, len);
	return 0;
}

static int on_output(void *arg, const struct gikev2_path *path,
		     const uint8_t *octets, size_t len)
{
	struct scene *s = arg;
	struct datagram *datagram;

	s->free_at += IO_COST;
	s->busy += IO_COST;
	/* what goes to invented addresses arrives nowhere */
	if (path->remote.ip[0] != 10)
		return 0;
	datagram = push(&s->way_out);
	datagram->due = s->free_at + LATENCY;
	put(datagram, octets, len);
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

	if (event->type != GIKEV2_EVENT_MEMBER_ACKNOWLEDGED)
		return;
	s->acknowledged++;
	s->last_ack = event->now;
}

static const struct gikev2_callbacks callbacks = {
	.output = on_output,
	.random = on_random,
	.psk = on_psk,
	.authorize = on_authorize,
	.keys = on_keys,
	.event = on_event,
};

/* ------------------------------------------------------------------- its time */

static void took(struct scene *s, uint64_t start)
{
	uint64_t time = (cpu_nanoseconds() - start + 999) / 1000 + IO_COST;
	struct gikev2_totals totals;

	s->free_at += time;
	s->busy += time;
	gikev2_get_totals(s->server, &totals);
	if (totals.half_open > s->half_open)
		s->half_open = totals.half_open;
}

/* One datagram, or its timers, when it is its turn. */
static void serve(struct scene *s)
{
	struct datagram *datagram = first(&s->buffer);
	uint64_t start;

	if (s->free_at < s->now)
		s->free_at = s->now;
	start = cpu_nanoseconds();
	/* timers first, as an event loop does now and then */
	if (gikev2_next_deadline(s->server) <= s->now) {
		gikev2_expire(s->server, s->now);
		took(s, start);
	} else if (datagram) {
		s->buffer.tail++;
		gikev2_input(s->server, &datagram->path, datagram->octets,
			     datagram->len, s->now);
		took(s, start);
	}
}

static uint64_t server_due(const struct scene *s)
{
	uint64_t due;

	if (!s->server)
		return GIKEV2_NEVER;
	due = gikev2_next_deadline(s->server);
	if (first(&s->buffer))
		due = 0;
	return due < s->free_at ? s->free_at : due;
}

static void arrive(struct scene *s, const struct gikev2_path *path,
		   const uint8_t *octets, size_t len)
{
	struct datagram *slot;

	if (!s->server)
		return;
	if (s->buffer.head - s->buffer.tail >= BUFFER_MAX) {
		s->shed++;
		return;
	}
	slot = push(&s->buffer);
	slot->path = *path;
	put(slot, octets, len);
}

static void bogus(struct scene *s)
{
	struct gikev2_path path = path_of(0);
	uint8_t octets[1024];
	size_t len = crowd_bogus(s->crowd, octets, sizeof(octets), s->now);

	/* from anywhere but our own network */
	RAND_bytes(path.remote.ip, 4);
	path.remote.ip[0] = 11 + path.remote.ip[0] % 200;
	arrive(s, &path, octets, len);
	s->bogus++;
	s->bogus_due += GIKEV2_SECOND / s->bogus_rate;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t due_of(const struct ring *ring)
{
	const struct datagram *datagram = first(ring);

	return datagram ? datagram->due : GIKEV2_NEVER;
}

static void step(struct scene *s)
{
	struct datagram *datagram = first(&s->way_in);

	if (s->flooding && s->bogus_due <= s->now) {
		bogus(s);
	} else if (datagram && datagram->due <= s->now) {
		arrive(s, &datagram->path, datagram->octets, datagram->len);
		s->way_in.tail++;
	} else if (due_of(&s->way_out) <= s->now) {
		datagram = first(&s->way_out);
		s->way_out.tail++;
		crowd_input(s->crowd, datagram->octets, datagram->len, s->now);
	} else if (crowd_next(s->crowd) <= s->now) {
		crowd_expire(s->crowd, s->now);
	} else if (server_due(s) <= s->now) {
		serve(s);
	}
}

/* Until then, or until all are registered. */
static void run(struct scene *s, uint64_t until, uint32_t registered)
{
	for (;;) {
		uint64_t next = earlier(
			earlier(due_of(&s->way_in), due_of(&s->way_out)),
			earlier(crowd_next(s->crowd), server_due(s)));

		if (s->flooding)
			next = earlier(next, s->bogus_due);
		if (next > until ||
		    (registered &&
		     crowd_totals(s->crowd)->registered >= registered))
			break;
		if (next > s->now)
			s->now = next;
		step(s);
	}
	if (s->now < until && !registered)
		s->now = until;
}

/* ------------------------------------------------------------- begin and end */

static struct gikev2_params params(void)
{
	struct gikev2_params params;

	gikev2_params_default(&params);
	/* one key exchange: fewer octets in each message here */
	memset(params.addke, 0, sizeof(params.addke));
	params.rekey_time = 0;
	return params;
}

static void boot(struct scene *s)
{
	struct gikev2_group_config config = {
		.id = { .type = GIKEV2_ID_KEY_ID, .len = 4 },
		.protocols = { { 201, KEYTABLE_HMAC_SHA_256, 86400 } },
		.protocol_count = 1,
		.rekey.wait = 300,
		.atd = 5,
		.dtd = 15,
	};
	struct gikev2_id name = { .type = GIKEV2_ID_KEY_ID,
				  .len = 2,
				  .data = "ks" };
	struct gikev2_params with = params();

	memcpy(config.id.data, "CORE", 4);
	s->server = gikev2_new(&callbacks, s, &with);
	gikev2_set_identity(s->server, &name);
	s->group = gikev2_group_add(s->server, s, &config, s->now);
	if (!s->group)
		exit(1);
	s->free_at = s->now;
	s->busy = s->shed = s->half_open = 0;
}

static struct scene *begin(uint32_t members)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct crowd_config config = {
		.count = members,
		.identity = "r%u.example.net",
		.group = "CORE",
		.server = { .family = 4, .port = 848, .ip = { 10, 0, 0, 1 } },
		.params = params(),
		.send = on_crowd_send,
		.arg = s,
	};
	struct ring *const rings[] = { &s->way_in, &s->buffer, &s->way_out };

	for (size_t i = 0; i < 3; i++)
		rings[i]->slot = calloc(RING_MAX, sizeof(struct datagram));
	on_psk(NULL, GIKEV2_MEMBER, NULL, NULL, &config.secret);
	s->crowd = crowd_new(&config);
	s->now = START;
	if (!s->crowd)
		exit(1);
	boot(s);
	run(s, s->now + 100 * GIKEV2_SECOND, 0);
	return s;
}

static void end(struct scene *s)
{
	gikev2_free(s->server);
	crowd_free(s->crowd);
	free(s->way_in.slot);
	free(s->buffer.slot);
	free(s->way_out.slot);
	free(s);
}

static void join(struct scene *s, uint32_t from, uint32_t to, uint64_t gap)
{
	for (uint32_t i = from; i < to; i++) {
		crowd_start(s->crowd, i, s->now);
		run(s, s->now + gap, 0);
	}
}

static int compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Of registrations from the n-th on, in seconds. */
static double percentile(const struct scene *s, size_t from, double part)
{
	size_t count;
	const uint32_t *all = crowd_latencies(s->crowd, &count);
	uint32_t *sorted;
	double value;

	if (count <= from)
		return 0;
	count -= from;
	sorted = malloc(count * sizeof(*sorted));
	if (!sorted)
		exit(1);
	memcpy(sorted, all + from, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare);
	value = sorted[(size_t)(part * (count - 1))] / 1e6;
	free(sorted);
	return value;
}

static uint64_t dropped(const struct scene *s, int reason)
{
	return gikev2_counters(s->server)[reason];
}

static void report(const struct scene *s, uint64_t time)
{
	printf("  %-52s %10.0f %%\n", "key server busy",
	       100.0 * s->busy / time);
	printf("  %-52s %10" PRIu64 "\n", "datagrams lost for want of buffer",
	       s->shed);
	printf("  %-52s %10" PRIu64 "\n",
	       "registrations refused for want of room",
	       dropped(s, GIKEV2_ERR_HALF_OPEN_LIMIT) +
		       dropped(s, GIKEV2_ERR_HALF_OPEN_PREFIX));
	printf("  %-52s %10" PRIu64 "\n", "asked for a cookie",
	       dropped(s, GIKEV2_ERR_COOKIE));
	printf("  %-52s %10u\n", "half-open at most", s->half_open);
}

/* ------------------------------------------------------------------- the cases */

static void outage(uint32_t members)
{
	struct scene *s = begin(members);
	uint64_t start, full = 0;
	uint32_t shares[] = { 10, 50, 90, 99, 100 };

	printf("outage of %d s: %u members, and a key server that forgot them\n",
	       (int)(OUTAGE / GIKEV2_SECOND), members);
	join(s, 0, members, 2 * MS);
	run(s, s->now + 60 * GIKEV2_SECOND, 0);
	gikev2_free(s->server);
	s->server = NULL;
	s->buffer.tail = s->buffer.head;
	run(s, s->now + OUTAGE, 0);
	printf("  %-52s %10u\n", "members that still believe in their SA",
	       crowd_totals(s->crowd)->registered);
	start = s->now;
	boot(s);
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		run(s, start + 600 * GIKEV2_SECOND,
		    (uint64_t)members * shares[i] / 100);
		full = s->now - start;
		printf("  %3u %% of them are back %31s %10.2f s\n", shares[i],
		       "after", full / 1e6);
		printf("figure outage %u %.6g\n", shares[i], full / 1e6);
	}
	report(s, full);
	end(s);
}

/* One roll, in seconds to the last acknowledgement of `members`. */
static double roll(struct scene *s, uint32_t members)
{
	uint64_t start = s->now, had = s->acknowledged;

	gikev2_group_rekey(s->group, s->now);
	while (s->acknowledged < had + members &&
	       s->now < start + 60 * GIKEV2_SECOND)
		run(s, s->now + MS, 0);
	return (s->last_ack - start) / 1e6;
}

static void flood(double rate)
{
	struct scene *s = begin(FLOOD_MEMBERS + 2 * NEWCOMERS);
	uint64_t start, end_at;
	size_t before;
	double calm, busy;

	join(s, 0, FLOOD_MEMBERS, 2 * MS);
	join(s, FLOOD_MEMBERS, FLOOD_MEMBERS + NEWCOMERS, 10 * MS);
	run(s, s->now + 10 * GIKEV2_SECOND, 0);
	printf("flood of %.0f first messages a second, %u members\n", rate,
	       FLOOD_MEMBERS + NEWCOMERS);
	calm = roll(s, FLOOD_MEMBERS + NEWCOMERS);
	run(s, s->now + 60 * GIKEV2_SECOND, 0);
	crowd_latencies(s->crowd, &before);
	s->flooding = true;
	s->bogus_rate = rate;
	s->bogus_due = start = s->now;
	s->busy = s->shed = 0;
	end_at = start + FLOOD_TIME;
	run(s, s->now + 2 * GIKEV2_SECOND, 0);
	busy = roll(s, FLOOD_MEMBERS + NEWCOMERS);
	join(s, FLOOD_MEMBERS + NEWCOMERS, FLOOD_MEMBERS + 2 * NEWCOMERS,
	     20 * MS);
	if (s->now < end_at)
		run(s, end_at, 0);
	printf("  %-52s %10" PRIu64 "\n", "bogus first messages", s->bogus);
	report(s, s->now - start);
	printf("  %-52s %10.3f s, %.3f s without the flood\n",
	       "roll, until the last member has acknowledged", busy, calm);
	printf("  %-52s %6u of %u\n", "newcomers that registered",
	       crowd_totals(s->crowd)->registered - FLOOD_MEMBERS - NEWCOMERS,
	       NEWCOMERS);
	printf("  %-52s %10.3f s, %.3f s without the flood\n",
	       "half of them within", percentile(s, before, 0.5),
	       percentile(s, FLOOD_MEMBERS, 0.5));
	printf("  %-52s %10.3f s\n", "99 % of them within",
	       percentile(s, before, 0.99));
	end(s);
}

int main(int argc, char **argv)
{
	uint32_t members = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
	double rate = argc > 2 ? atof(argv[2]) : 50000;

	outage(members);
	flood(rate);
	return 0;
}
