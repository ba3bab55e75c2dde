// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A few small worlds, and whether the simulator notices when something is
 * wrong in one.
 */
#include <stdlib.h>

#include "../unit/test_util.h"
#include "sim.h"

#define HOURS 8

static struct sim_config config_of(uint64_t seed, enum sim_weather_kind weather)
{
	struct sim_config config;

	sim_config_default(&config, 16, seed);
	config.duration = HOURS * SIM_HOUR;
	config.weather = weather;
	return config;
}

/* ------------------------------------------------------------------ its queue */

#define FLIGHTS 20000

/* Whatever is put into it meanwhile: by arrival, then by when it was sent. */
static void in_order(void **state)
{
	struct sim_queue *queue = calloc(1, sizeof(*queue));
	uint64_t chance = 77;
	uint64_t now = SIM_START, last_number = 0, sent = 0, arrived = 0;

	(void)state;
	assert_non_null(queue);
	while (arrived < FLIGHTS) {
		/* many at once, then some while they arrive; now and then none */
		size_t more = sent < FLIGHTS ? sim_below(&chance, 300) : 0;

		for (; more-- && sent < FLIGHTS; sent++) {
			const struct sim_datagram datagram = {
				.at = now + sim_below(&chance, 2) *
						    sim_below(&chance, 3000),
				.number = sent,
			};

			sim_queue_put(queue, now, &datagram);
		}
		for (more = sim_below(&chance, 400); more--;) {
			uint64_t next = sim_queue_next(queue);
			struct sim_datagram first;

			if (next == GIKEV2_NEVER)
				break;
			first = sim_queue_take(queue);
			assert_true(first.at == next && next >= now);
			assert_true(next > now || !arrived ||
				    first.number > last_number);
			now = next;
			last_number = first.number;
			arrived++;
		}
		/* across a whole turn of the ring */
		if (sim_queue_next(queue) == GIKEV2_NEVER)
			now += sim_below(&chance, 5 * GIKEV2_SECOND);
	}
	assert_true(sim_queue_next(queue) == GIKEV2_NEVER);
	sim_queue_free(queue);
	free(queue);
}

/* ---------------------------------------------------------------- it is well */

static void holds(uint64_t seed, enum sim_weather_kind weather)
{
	struct sim_config config = config_of(seed, weather);
	struct sim *sim = sim_new(&config);

	if (!sim_run(sim))
		fail_msg(
			"sim --members 16 --hours %d --weather %s --seed %d: %s",
			HOURS, sim->weather.name, (int)seed, sim->failure);
	/* it was not idle */
	assert_true(sim->results.rolls > 2 * HOURS);
	assert_true(sim->counts.rekeys > 8 * HOURS);
	sim_free(sim);
}

static void calm(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++)
		holds(seed, SIM_CALM);
}

static void rough(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++)
		holds(seed, SIM_ROUGH);
}

static void storm(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++)
		holds(seed, SIM_STORM);
}

static void assert_same(const struct sim *a, const struct sim *b)
{
	assert_int_equal(a->results.digest, b->results.digest);
	assert_memory_equal(&a->counts, &b->counts, sizeof(a->counts));
	assert_memory_equal(&a->results, &b->results, sizeof(a->results));
	for (uint32_t i = 0; i < a->node_count; i++)
		assert_int_equal(a->nodes[i].draws, b->nodes[i].draws);
}

/* With the same seed everything happens again, to the last datagram. */
static void replay(void **state)
{
	struct sim_config config = config_of(7, SIM_ROUGH);
	struct sim *sims[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		if (i == 2)
			config.seed++;
		sims[i] = sim_new(&config);
		assert_true(sim_run(sims[i]));
	}
	assert_same(sims[0], sims[1]);
	assert_int_not_equal(sims[0]->results.digest, sims[2]->results.digest);
	for (size_t i = 0; i < 3; i++)
		sim_free(sims[i]);
}

/* All at once, or nearly. */
static void deafen(struct sim_node *node, struct keytable_row *rows,
		   size_t *count)
{
	if (sim_now(node->sim, node) > SIM_START + SIM_HOUR && *count)
		rows[0].key[5] ^= 1;
}

/* Enough members for each shard to have some, and incidents among them. */
static struct sim *run_with(enum sim_weather_kind weather, uint64_t seed,
			    uint32_t threads, uint64_t lookahead)
{
	struct sim_config config;
	struct sim *sim;

	sim_config_default(&config, 40, seed);
	config.duration = 2 * SIM_HOUR;
	config.weather = weather;
	config.threads = threads;
	sim = sim_new(&config);
	if (lookahead)
		sim->lookahead = lookahead;
	sim_run(sim);
	return sim;
}

static void same_by_threads(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++)
		for (int weather = 0; weather < SIM_WEATHERS; weather++) {
			struct sim *one = run_with(weather, seed, 1, 0);

			for (uint32_t threads = 2; threads <= 4; threads += 2) {
				struct sim *more =
					run_with(weather, seed, threads, 0);

				assert_same(one, more);
				sim_free(more);
			}
			sim_free(one);
		}
}

/* Windows of an instant: one event after the other, whoever it happens to. */
static void same_by_windows(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2; seed++)
		for (int weather = 0; weather < SIM_WEATHERS; weather++) {
			struct sim *wide = run_with(weather, seed, 1, 0);
			struct sim *narrow = run_with(weather, seed, 1, 1);

			/* what is said once more is checked once more */
			wide->counts.checks = narrow->counts.checks = 0;
			assert_same(wide, narrow);
			sim_free(narrow);
			sim_free(wide);
		}
}

/* A failure is the first one, whoever else fails in its window. */
static void same_failure(void **state)
{
	struct sim *sims[2];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct sim_config config = config_of(3, SIM_CALM);

		config.threads = 1 + i;
		sims[i] = sim_new(&config);
		sims[i]->lie = deafen;
		assert_false(sim_run(sims[i]));
	}
	assert_string_equal(sims[0]->failure, sims[1]->failure);
	assert_same(sims[0], sims[1]);
	for (size_t i = 0; i < 2; i++)
		sim_free(sims[i]);
}

/* ------------------------------------------------------------- it is not well */

static void notices(void (*lie)(struct sim_node *, struct keytable_row *,
				size_t *),
		    void (*meddle)(struct sim *), const char *what)
{
	struct sim_config config = config_of(3, SIM_CALM);
	struct sim *sim = sim_new(&config);

	sim->lie = lie;
	sim->meddle = meddle;
	assert_false(sim_run(sim));
	if (!strstr(sim->failure, what))
		fail_msg("noticed something else: %s", sim->failure);
	sim_free(sim);
}

/* The one that is about to take over, when there is another. */
static struct keytable_row *waiting(const struct sim_node *node,
				    struct keytable_row *rows, size_t count)
{
	if (node->number != 1 || count < 2 ||
	    rows[count - 1].send_start <= sim_now(node->sim, node))
		return NULL;
	return &rows[count - 1];
}

static void send_early(struct sim_node *node, struct keytable_row *rows,
		       size_t *count)
{
	struct keytable_row *row = waiting(node, rows, *count);
	uint64_t now = sim_now(node->sim, node);

	for (size_t i = 0; row && i < *count; i++)
		if (rows[i].protocol == row->protocol && &rows[i] != row)
			rows[i].send_end = now;
	if (row)
		row->send_start = now;
}

static void early_sender(void **state)
{
	(void)state;
	notices(send_early, NULL, "does not accept key");
}

static void accept_late(struct sim_node *node, struct keytable_row *rows,
			size_t *count)
{
	struct keytable_row *row = waiting(node, rows, *count);

	if (row)
		row->accept_start = row->send_start + 2 * GIKEV2_SECOND;
	if (row)
		row->send_start = row->accept_start;
	for (size_t i = 0; row && i < *count; i++)
		if (rows[i].protocol == row->protocol && &rows[i] != row)
			rows[i].send_end = row->send_start;
}

static void late_receiver(void **state)
{
	(void)state;
	notices(accept_late, NULL, "does not accept key");
}

static void leave_gap(struct sim_node *node, struct keytable_row *rows,
		      size_t *count)
{
	struct keytable_row *row = waiting(node, rows, *count);

	if (row)
		row->send_start += GIKEV2_SECOND;
}

static void gap_between_senders(void **state)
{
	(void)state;
	notices(leave_gap, NULL, "sends with 0");
}

static void forget_all(struct sim_node *node, struct keytable_row *rows,
		       size_t *count)
{
	(void)rows;
	if (node->number == 1)
		*count = 0;
}

static void member_without_key(void **state)
{
	(void)state;
	notices(forget_all, NULL, "has no key to send with");
}

static void invent(struct sim_node *node, struct keytable_row *rows,
		   size_t *count)
{
	if (node->number == 1 && *count)
		rows[0].key[5] ^= 1;
}

static void key_from_nowhere(void **state)
{
	(void)state;
	notices(invent, NULL, "no server made");
}

/* Who is excluded is told what the others know. */
static void betray(struct sim_node *node, struct keytable_row *rows,
		   size_t *count)
{
	static struct keytable_row secret;

	if (!node->excluded && *count)
		secret = rows[*count - 1];
	if (node->excluded && secret.key_len)
		rows[(*count)++] = secret;
}

static void traitor(void **state)
{
	(void)state;
	notices(betray, NULL, "is excluded and knows");
}

/* Late, for a server that crashes meanwhile is looked at on its own. */
static void leak(struct sim *sim)
{
	uint64_t begin = SIM_START + sim->config.duration - SIM_HOUR / 4;
	struct sim_account *before = sim_memory_of(&sim->nodes[0].account);
	static void *leaked[4096];
	static size_t count;

	for (; sim->ending && count; count--)
		free(leaked[count - 1]);
	if (!sim->ending && sim->now > begin &&
	    count < sizeof(leaked) / sizeof(leaked[0]))
		leaked[count++] = malloc(64);
	sim_memory_of(before);
}

static void lose(struct sim *sim)
{
	if (!sim->ending)
		leak(sim);
}

static void member_of_a_leak(void **state)
{
	struct sim_config config = config_of(3, SIM_CALM);
	struct sim *sim = sim_new(&config);

	(void)state;
	/* what is given back at the end is no leak */
	sim->meddle = leak;
	if (!sim_run(sim))
		fail_msg("%s", sim->failure);
	sim_free(sim);
	notices(NULL, lose, "keeps");
}

static void again(void *owner, uint64_t now)
{
	struct sim *sim = owner;

	(void)now;
	gikev2_timer_set(&sim->nodes[1].engine->timers, &sim->circle,
			 sim_now(sim, &sim->nodes[1]) + 1);
}

static void begin_circle(struct sim *sim)
{
	if (sim->circle.fire || !sim->nodes[1].engine)
		return;
	gikev2_timer_init(&sim->nodes[1].engine->timers, &sim->circle, again,
			  sim);
	again(sim, sim->now);
}

static void busy(void **state)
{
	(void)state;
	notices(NULL, begin_circle, "goes round in circles");
}

/* ------------------------------------------------------------------- messages */

/* The beginning of a protected message, and something behind it. */
static struct test_octets message_of(uint8_t flags, uint32_t id, uint32_t iv,
				     uint8_t last)
{
	struct test_octets message = { .len = 80 };

	memset(message.octets, 7, 16);
	message.octets[16] = GIKEV2_PLD_SK;
	message.octets[19] = flags;
	gikev2_put_int(message.octets + 20, id, 4);
	gikev2_put_int(message.octets + 36, iv, 4);
	message.octets[79] = last;
	return message;
}

struct sent {
	uint8_t flags;
	uint32_t id, iv;
	uint8_t last;
};

static const struct {
	struct sent messages[4];
	const char *noticed; /* in the last one; NULL: all is well */
} sequences[] = {
	{ { { 8, 0, 1, 1 }, { 8, 1, 2, 2 }, { 8, 1, 2, 2 } }, NULL },
	{ { { 8, 0, 1, 1 }, { 0x28, 0, 2, 2 }, { 8, 1, 3, 3 } }, NULL },
	{ { { 8, 0, 1, 1 }, { 0, 0, 1, 2 } }, NULL }, /* the other end's */
	{ { { 8, 4, 1, 1 }, { 8, 3, 2, 2 } }, "Message ID 3 after 4" },
	{ { { 8, 4, 1, 1 }, { 8, 4, 2, 2 } }, "two different messages" },
	{ { { 8, 4, 1, 1 }, { 8, 5, 1, 2 } }, "IV" },
	{ { { 8, 4, 2, 1 }, { 8, 5, 1, 2 } }, "IV" },
	{ { { 8, 4, 1, 1 }, { 0x28, 9, 1, 2 } }, "IV" },
};

static void messages(void **state)
{
	struct sim_config config = config_of(1, SIM_CALM);

	(void)state;
	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
		struct sim *sim = sim_new(&config);

		for (size_t j = 0; sequences[i].messages[j].last; j++) {
			const struct sent *sent = &sequences[i].messages[j];
			struct test_octets octets = message_of(
				sent->flags, sent->id, sent->iv, sent->last);

			assert_false(sim->failed);
			sim_wire_check(&sim->nodes[1], octets.octets,
				       octets.len);
		}
		assert_int_equal(sim->failed, sequences[i].noticed != NULL);
		if (sim->failed && sequences[i].noticed)
			assert_non_null(
				strstr(sim->failure, sequences[i].noticed));
		sim_free(sim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(calm),
		cmocka_unit_test(rough),
		cmocka_unit_test(storm),
		cmocka_unit_test(replay),
		cmocka_unit_test(same_by_threads),
		cmocka_unit_test(same_by_windows),
		cmocka_unit_test(same_failure),
		cmocka_unit_test(early_sender),
		cmocka_unit_test(late_receiver),
		cmocka_unit_test(gap_between_senders),
		cmocka_unit_test(member_without_key),
		cmocka_unit_test(key_from_nowhere),
		cmocka_unit_test(traitor),
		cmocka_unit_test(member_of_a_leak),
		cmocka_unit_test(busy),
		cmocka_unit_test(messages),
	};

	sim_memory_init();
	return cmocka_run_group_tests_name("sim", tests, NULL, NULL);
}
