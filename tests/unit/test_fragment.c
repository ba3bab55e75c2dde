// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fragments of messages (RFC 7383).
 */
#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND
#define SIZE 100

struct scene {
	struct world *world;
	struct world_node *ks, *r1;
};

struct seen {
	unsigned int fragments, whole; /* protected messages on the wire */
	size_t longest;
};

static struct seen seen;

static bool look(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	if (datagram->octets[16] == GIKEV2_PLD_SKF)
		seen.fragments++;
	if (datagram->octets[16] == GIKEV2_PLD_SK)
		seen.whole++;
	if (datagram->octets[18] != GIKEV2_IKE_SA_INIT &&
	    datagram->len > seen.longest)
		seen.longest = datagram->len;
	return true;
}

static void set_size(struct world_node *node, uint32_t size)
{
	struct gikev2_params params = node->world->params;

	params.fragment_size = size;
	params.retransmit_tries = 12;
	gikev2_set_params(node->engine, &params);
}

static struct scene setup(uint64_t seed)
{
	struct scene s = { .world = world_new(seed) };

	memset(&seen, 0, sizeof(seen));
	s.world->wire = look;
	s.ks = world_add(s.world, "ks");
	s.r1 = world_add(s.world, "r1");
	set_size(s.ks, SIZE);
	set_size(s.r1, SIZE);
	world_acquaint(s.ks, s.r1, "secret", "secret");
	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 60, 120);
	return s;
}

static void join(struct scene *s)
{
	world_join(s->r1, s->ks, WORLD_ALL_ALGORITHMS);
	world_run(s->world, 5 * SECOND);
}

static void everything_in_pieces(void **state)
{
	struct scene s = setup(1);

	(void)state;
	join(&s);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	assert_true(seen.fragments >= 4);
	assert_in_range(seen.longest, SIZE / 2, SIZE);
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	world_run(s.world, 5 * SECOND);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REKEYED], 1);
	gikev2_want(s.r1->engine->ikes, GIKEV2_WANT_REKEY_IKE, s.world->now);
	world_run(s.world, 5 * SECOND);
	assert_int_equal(s.r1->engine->totals.ike_sas, 1);
	/* nothing stays behind */
	assert_null(s.r1->engine->ikes->fragments);
	assert_null(s.ks->engine->ikes->fragments);
	world_free(s.world);
}

/* Who did not say that it can is sent whole messages. */
static void only_when_both_can(void **state)
{
	(void)state;
	for (int who = 0; who < 2; who++) {
		struct scene s = setup(2);

		set_size(who ? s.ks : s.r1, 0);
		join(&s);
		assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
		assert_int_equal(seen.fragments, 0);
		assert_true(seen.whole > 0);
		world_free(s.world);
	}
}

static void short_messages_stay_whole(void **state)
{
	struct scene s = setup(3);

	(void)state;
	set_size(s.ks, 1200);
	set_size(s.r1, 1200);
	join(&s);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(seen.fragments, 0);
	world_free(s.world);
}

static void over_a_bad_network(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct scene s = setup(seed);

		s.world->loss = 15;
		s.world->duplication = 30;
		s.world->jitter = 500 * WORLD_MS;
		join(&s);
		world_run(s.world, 300 * SECOND);
		assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
		gikev2_group_rekey(s.ks->group, s.world->now);
		world_run(s.world, 300 * SECOND);
		assert_int_equal(s.r1->row_count, 1);
		assert_int_equal(s.r1->events[GIKEV2_EVENT_REGISTERED], 1);
		world_free(s.world);
	}
}

/* ------------------------------------------------------- pieces by hand */

struct flight {
	struct world_datagram part[16];
	size_t count;
};

static struct flight request;

/* Keeps the fragments of GSA_AUTH for later. */
static bool hold_gsa_auth(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	if (datagram->octets[18] != GIKEV2_GSA_AUTH ||
	    datagram->octets[19] & GIKEV2_FLAG_R)
		return true;
	if (request.count < 16)
		request.part[request.count++] = *datagram;
	return false;
}

static int feed(struct scene *s, size_t at)
{
	struct world_datagram *part = &request.part[at];
	struct gikev2_path path = { s->ks->address, s->r1->address };

	return gikev2_input(s->ks->engine, &path, part->octets, part->len,
			    s->world->now);
}

/* A server with a half-open SA, and the member's GSA_AUTH in our hands. */
static struct scene held(uint64_t seed)
{
	struct scene s = setup(seed);

	memset(&request, 0, sizeof(request));
	s.world->wire = hold_gsa_auth;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 3 * WORLD_MS);
	assert_in_range(request.count, 3, 15);
	return s;
}

static void any_order_and_copies(void **state)
{
	struct scene s = held(4);
	size_t count = request.count;

	(void)state;
	for (size_t i = count; i-- > 1;) {
		assert_int_equal(feed(&s, i), 0);
		assert_int_equal(feed(&s, i), 0);
	}
	assert_int_equal(s.ks->engine->ikes->state, GIKEV2_IKE_HALF_OPEN);
	assert_int_equal(feed(&s, 0), 0);
	assert_int_equal(s.ks->engine->ikes->state, GIKEV2_IKE_ESTABLISHED);
	assert_null(s.ks->engine->ikes->fragments);
	world_free(s.world);
}

/* The response is repeated for the first fragment alone. */
static void repeated_fragments(void **state)
{
	struct scene s = held(5);
	size_t count = request.count;
	uint64_t sent;

	(void)state;
	for (size_t i = 0; i < count; i++)
		assert_int_equal(feed(&s, i), 0);
	sent = s.ks->engine->totals.datagrams_out;
	for (size_t i = 1; i < count; i++)
		assert_int_equal(feed(&s, i), -GIKEV2_ERR_DUPLICATE);
	assert_int_equal(s.ks->engine->totals.datagrams_out, sent);
	assert_int_equal(feed(&s, 0), -GIKEV2_ERR_DUPLICATE);
	assert_true(s.ks->engine->totals.datagrams_out > sent);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_REGISTERED], 1);
	world_free(s.world);
}

static void forged_fragments(void **state)
{
	struct scene s = held(6);
	struct world_datagram good = request.part[1];

	(void)state;
	for (size_t i = GIKEV2_HEADER_LEN; i < good.len; i++) {
		request.part[1] = good;
		request.part[1].octets[i] ^= 0x10;
		assert_true(feed(&s, 1) < 0);
	}
	/* nothing of that was kept */
	assert_null(s.ks->engine->ikes->fragments);
	request.part[1] = good;
	for (size_t i = 0; i < request.count; i++)
		assert_int_equal(feed(&s, i), 0);
	assert_int_equal(s.ks->engine->ikes->state, GIKEV2_IKE_ESTABLISHED);
	world_free(s.world);
}

static uint64_t now = SECOND;

/* The set as such: numbers, totals, limits. */
static int add(struct gikev2_fragments **set, uint32_t id, uint16_t number,
	       uint16_t total, size_t len, struct gikev2_chunk *text)
{
	static const uint8_t octets[GIKEV2_MESSAGE_MAX];
	struct gikev2_header header = { .id = id };
	struct gikev2_fragment fragment = { number, total };
	uint8_t first = 0;

	*text = (struct gikev2_chunk){ octets, len };
	return gikev2_fragment_add(set, NULL, &header, now, &fragment, &first,
				   text);
}

static void totals_and_limits(void **state)
{
	struct gikev2_fragments *set = NULL;
	struct gikev2_chunk text;

	(void)state;
	assert_int_equal(add(&set, 1, 1, 2, 10, &text), 0);
	/* cut smaller by the sender: begin anew; an old one: no */
	assert_int_equal(add(&set, 1, 1, 3, 10, &text), 0);
	assert_int_equal(add(&set, 1, 2, 2, 10, &text), -GIKEV2_ERR_DUPLICATE);
	assert_int_equal(add(&set, 1, 2, 3, 10, &text), 0);
	assert_int_equal(add(&set, 1, 3, 3, 5, &text), 1);
	assert_int_equal(text.len, 25);
	gikev2_fragments_free(&set);
	/* another message takes the place of one that was not completed */
	assert_int_equal(add(&set, 2, 1, 2, 10, &text), 0);
	assert_int_equal(add(&set, 3, 2, 2, 10, &text), 0);
	assert_int_equal(add(&set, 3, 1, 2, 10, &text), 1);
	assert_int_equal(text.len, 20);
	gikev2_fragments_free(&set);
	assert_int_equal(add(&set, 4, 1, 65, 10, &text), -GIKEV2_ERR_LIMIT);
	assert_null(set);
	assert_int_equal(add(&set, 5, 1, 2, GIKEV2_MESSAGE_MAX, &text), 0);
	assert_int_equal(add(&set, 5, 2, 2, 1, &text), -GIKEV2_ERR_LIMIT);
	gikev2_fragments_free(&set);
}

/* What goes on coming is waited for; what has stopped is given up. */
static void patience(void **state)
{
	struct gikev2_fragments *set = NULL;
	struct gikev2_chunk text;

	(void)state;
	assert_int_equal(add(&set, 1, 1, 3, 10, &text), 0);
	now += 40 * SECOND;
	assert_int_equal(add(&set, 1, 2, 3, 10, &text), 0);
	now += 40 * SECOND;
	assert_int_equal(add(&set, 1, 3, 3, 10, &text), 1);
	gikev2_fragments_free(&set);
	assert_int_equal(add(&set, 2, 1, 2, 10, &text), 0);
	now += 50 * SECOND;
	assert_int_equal(add(&set, 2, 2, 2, 10, &text), 0);
	assert_int_equal(add(&set, 2, 1, 2, 10, &text), 1);
	gikev2_fragments_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_in_pieces),
		cmocka_unit_test(only_when_both_can),
		cmocka_unit_test(short_messages_stay_whole),
		cmocka_unit_test(over_a_bad_network),
		cmocka_unit_test(any_order_and_copies),
		cmocka_unit_test(repeated_fragments),
		cmocka_unit_test(forged_fragments),
		cmocka_unit_test(totals_and_limits),
		cmocka_unit_test(patience),
	};

	return cmocka_run_group_tests_name("fragment", tests, NULL, NULL);
}
