// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine's edge: what nobody vouches for changes nothing.
 */
#include <stdlib.h>

#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND

struct scene {
	struct world *world;
	struct world_node *ks, *r1;
};

static struct world_datagram recorded;

/* Keeps the last protected datagram, and loses it. */
static bool keep_protected(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	if (datagram->octets[16] != GIKEV2_PLD_SK)
		return true;
	recorded = *datagram;
	return false;
}

static struct scene setup(uint64_t seed)
{
	struct scene s = { .world = world_new(seed) };

	s.ks = world_add(s.world, "ks");
	s.r1 = world_add(s.world, "r1");
	world_acquaint(s.ks, s.r1, "secret", "secret");
	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	return s;
}

/* What must not change. */
struct snapshot {
	uint8_t state, wants;
	uint32_t send_id, recv_id, ikes, half_open;
	uint64_t last_seen, sent;
	bool outstanding;
	enum gikev2_member_state member;
};

static struct snapshot snapshot(const struct world_node *node)
{
	const struct gikev2_ike *ike = node->engine->ikes;
	struct snapshot shot;

	assert_non_null(ike);
	memset(&shot, 0, sizeof(shot));
	shot.state = ike->state;
	shot.wants = ike->wants;
	shot.send_id = ike->send_id;
	shot.recv_id = ike->recv_id;
	shot.ikes = node->engine->totals.ike_sas;
	shot.half_open = node->engine->totals.half_open;
	shot.last_seen = ike->last_seen;
	shot.sent = node->engine->totals.datagrams_out;
	shot.outstanding = ike->request.ptr;
	if (node->member)
		shot.member = world_state(node);
	return shot;
}

static uint64_t dropped(const struct world_node *node)
{
	uint64_t count = 0;

	for (size_t i = 1; i < GIKEV2_ERR_MAX; i++)
		count += gikev2_counters(node->engine)[i];
	return count;
}

/* Refused, counted once, and nothing else happens. */
static void assert_nothing(struct world_node *node, const uint8_t *octets,
			   size_t len, size_t at)
{
	struct gikev2_path path = { recorded.path.remote, recorded.path.local };
	struct snapshot before = snapshot(node), after;
	uint64_t counted = dropped(node);
	int ret = gikev2_input(node->engine, &path, octets, len,
			       node->world->now + SECOND);

	assert_true(ret < 0);
	assert_int_equal(dropped(node), counted + 1);
	after = snapshot(node);
	/* another SPI, exchange or flag may be answered "I do not know you" */
	if (at < 16 || at == 18 || at == 19)
		after.sent = before.sent;
	if (memcmp(&before, &after, sizeof(before)))
		fail_msg("octet %zu of %zu changed something", at, len);
}

/*
 * The recorded datagram with each octet wrong, cut short, and with a length of
 * SK that lies.
 */
static void assert_only_genuine(struct world_node *node)
{
	uint8_t octets[sizeof(recorded.octets)];
	size_t len = recorded.len;

	for (size_t at = 0; at < len; at++) {
		memcpy(octets, recorded.octets, len);
		octets[at] ^= 1u << at % 8;
		assert_nothing(node, octets, len, at);
		memcpy(octets, recorded.octets, len);
		octets[at] = octets[at] == 0xff ? 0 : 0xff;
		assert_nothing(node, octets, len, at);
	}
	for (size_t cut = GIKEV2_HEADER_LEN; cut < len; cut++) {
		memcpy(octets, recorded.octets, len);
		gikev2_put_int(octets + 24, cut, 4);
		assert_nothing(node, octets, cut, cut);
		gikev2_put_int(octets + 30, cut - GIKEV2_HEADER_LEN, 2);
		assert_nothing(node, octets, cut, cut);
		/* a fragment, perhaps? */
		octets[16] = GIKEV2_PLD_SKF;
		assert_nothing(node, octets, cut, cut);
	}
}

/* Nothing that is sent to an SA in the clear is more than a hint. */
static void assert_no_cleartext(struct world_node *node)
{
	static const struct {
		uint8_t first;
		const char *body;
	} texts[] = {
		{ GIKEV2_PLD_NONE, "" },
		{ GIKEV2_PLD_NOTIFY, "00 00 0008 00 00 0018" },
		{ GIKEV2_PLD_NOTIFY, "00 00 0008 00 00 0007" },
		{ GIKEV2_PLD_DELETE, "00 00 0008 01 00 0000" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct test_octets body = test_hex(texts[i].body),
				   message = { .len = GIKEV2_HEADER_LEN };

		memcpy(message.octets, recorded.octets, GIKEV2_HEADER_LEN);
		message.octets[16] = texts[i].first;
		message = test_join(message, &body);
		gikev2_put_int(message.octets + 24, message.len, 4);
		assert_nothing(node, message.octets, message.len, 100);
	}
}

static void genuine_only(struct world_node *node)
{
	struct gikev2_path path = { recorded.path.remote, recorded.path.local };

	assert_only_genuine(node);
	assert_no_cleartext(node);
	/* and after all that it is still welcome */
	assert_int_equal(gikev2_input(node->engine, &path, recorded.octets,
				      recorded.len, node->world->now + SECOND),
			 0);
}

static void gsa_auth_request(void **state)
{
	struct scene s = setup(1);

	(void)state;
	s.world->wire = keep_protected;
	world_run(s.world, SECOND / 2);
	assert_int_equal(recorded.octets[18], GIKEV2_GSA_AUTH);
	genuine_only(s.ks);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_REGISTERED], 1);
	world_free(s.world);
}

static void gsa_auth_response(void **state)
{
	struct scene s = setup(2);

	(void)state;
	for (int i = 0; i < 3; i++)
		world_step(s.world, GIKEV2_NEVER);
	/* the answer is on its way */
	assert_int_equal(s.world->queued, 1);
	recorded = s.world->queue[0];
	s.world->queued = 0;
	assert_int_equal(recorded.octets[19] & GIKEV2_FLAG_R, GIKEV2_FLAG_R);
	genuine_only(s.r1);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	world_free(s.world);
}

static void rekey_request(void **state)
{
	struct scene s = setup(3);

	(void)state;
	world_run(s.world, 100 * SECOND);
	s.world->wire = keep_protected;
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	assert_int_equal(recorded.octets[18], GIKEV2_GSA_INBAND_REKEY);
	genuine_only(s.r1);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REKEYED], 1);
	world_free(s.world);
}

static void rekey_response(void **state)
{
	struct scene s = setup(4);

	(void)state;
	world_run(s.world, 100 * SECOND);
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	s.world->wire = keep_protected;
	world_run(s.world, SECOND / 2);
	assert_int_equal(recorded.octets[19] & GIKEV2_FLAG_R, GIKEV2_FLAG_R);
	genuine_only(s.ks);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_ACKNOWLEDGED], 1);
	world_free(s.world);
}

/*
 * A request that was answered already is answered again only when it is
 * genuine: else whoever sees one could have the answer sent anywhere.
 */
static void repeated_request(void **state)
{
	struct scene s = setup(5);
	struct gikev2_path path;

	(void)state;
	s.world->wire = keep_protected;
	world_run(s.world, SECOND / 2);
	path = (struct gikev2_path){ recorded.path.remote,
				     recorded.path.local };
	s.world->wire = NULL;
	assert_int_equal(gikev2_input(s.ks->engine, &path, recorded.octets,
				      recorded.len, s.world->now),
			 0);
	assert_only_genuine(s.ks);
	assert_no_cleartext(s.ks);
	assert_int_equal(gikev2_input(s.ks->engine, &path, recorded.octets,
				      recorded.len, s.world->now),
			 -GIKEV2_ERR_DUPLICATE);
	world_free(s.world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gsa_auth_request),
		cmocka_unit_test(gsa_auth_response),
		cmocka_unit_test(rekey_request),
		cmocka_unit_test(rekey_response),
		cmocka_unit_test(repeated_request),
	};

	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
