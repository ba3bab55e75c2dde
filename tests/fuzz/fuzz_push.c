// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GSA_REKEY: what the key server sends to all members at once, and what others
 * send in its place.  Nothing arrives by itself: each datagram goes into a bag,
 * and the input says to whom it comes, when, how often and what of it is changed.
 *
 * Input: one octet of how the group is set up, then events, each one octet that
 * says which, and what it needs; see the functions.
 */
#include <string.h>

#include "fuzz_util.h"

#define EVENTS_MAX 60
#define MEMBERS 2
#define BAG_MAX 64
#define KEYS_MAX 256
#define TEXT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum setting {
	SIGNED = 1 << 0,    /* else Implicit */
	FRAGMENTS = 1 << 1, /* of 200 octets */
	CLASSIC = 1 << 2,   /* AES-CBC and HMAC */
	DEGREE = 3 << 3,    /* of the key tree, less two */
};

static struct {
	struct fuzz_input input;
	struct fuzz_scene scene;
	uint8_t settings;
	struct world_datagram bag[BAG_MAX];
	size_t bag_count;  /* that were ever in it */
	bool out[MEMBERS]; /* excluded */
	struct {
		struct keytable_row row;
		bool secret[MEMBERS]; /* made after it was excluded */
	} keys[KEYS_MAX];
	size_t key_count;
} play;

static struct world_node *member(size_t i)
{
	return &play.scene.world->nodes[1 + i % MEMBERS];
}

static struct gikev2_kek *server_kek(void)
{
	return gikev2_group_kek(play.scene.ks->group);
}

/* ----------------------------------------------------------------------- the bag */

static void put_in(const struct world_datagram *datagram)
{
	play.bag[play.bag_count++ % BAG_MAX] = *datagram;
}

static struct world_datagram *in_bag(uint8_t arg)
{
	size_t there = play.bag_count < BAG_MAX ? play.bag_count : BAG_MAX;

	return there ? &play.bag[(play.bag_count - 1 - arg % there) % BAG_MAX]
		     : NULL;
}

/* Unicast passes; of what is for all, each copy and fragment goes in once. */
static bool on_the_wire(struct world *world, struct world_datagram *datagram)
{
	const struct world_datagram *last = in_bag(0);

	(void)world;
	if ((datagram->path.remote.ip[0] & 0xf0) != 0xe0)
		return true;
	if (!last || last->len != datagram->len ||
	    memcmp(last->octets, datagram->octets, datagram->len) != 0)
		put_in(datagram);
	return false;
}

/* ------------------------------------------------------------------------ checks */

static bool same_key(const struct keytable_row *a, const struct keytable_row *b)
{
	return a->id == b->id && a->key_len == b->key_len &&
	       memcmp(a->key, b->key, a->key_len) == 0;
}

static bool is_noted(const struct keytable_row *row)
{
	for (size_t k = 0; k < play.key_count; k++)
		if (same_key(&play.keys[k].row, row))
			return true;
	return false;
}

/* Keeps account of what the server makes, and from whom it is to be kept. */
static void note_keys(void)
{
	struct gikev2_group_status status;

	gikev2_group_get_status(play.scene.ks->group, play.scene.world->now,
				&status);
	for (size_t i = 0; i < status.row_count; i++) {
		if (is_noted(&status.rows[i]) || play.key_count == KEYS_MAX)
			continue;
		play.keys[play.key_count].row = status.rows[i];
		memcpy(play.keys[play.key_count++].secret, play.out,
		       sizeof(play.out));
	}
}

static void check_secrets(size_t i)
{
	const struct world_node *node = member(i);

	for (size_t n = 0; n < node->row_count; n++)
		for (size_t k = 0; k < play.key_count; k++)
			FUZZ_CHECK(
				!play.keys[k].secret[i] ||
				!same_key(&play.keys[k].row, &node->rows[n]));
}

static void check(void)
{
	note_keys();
	fuzz_check(&play.scene);
	for (size_t i = 0; i < MEMBERS; i++)
		check_secrets(i);
}

/* ---------------------------------------------------------------------- messages */

enum flag {
	KEYS = 1 << 0,	  /* keys in KD wrapped by the right key */
	AHEAD = 3 << 1,	  /* of the Message ID that is next, less one */
	PIECES = 7 << 3,  /* fragments, less one */
	RESERVED = 1 << 6 /* bits set in the generic header of the first */
};

/* One datagram, or one fragment, in the name of the key server. */
static void seal(struct gikev2_header *header, uint8_t first,
		 const struct gikev2_fragment *fragment,
		 struct gikev2_chunk text)
{
	struct gikev2 *engine = play.scene.ks->engine;
	struct gikev2_kek *kek = server_kek();
	struct world_datagram datagram = {
		.path = { play.scene.ks->address, kek->destination },
	};
	struct gikev2_buf out = { .ptr = datagram.octets,
				  .size = sizeof(datagram.octets) };
	struct gikev2_shield shield = { kek->encr, kek->integ, kek->gsk_e,
					kek->gsk_a, &kek->iv };

	if (gikev2_shield_seal(engine, &shield, header, first, fragment, text,
			       &out) < 0)
		return;
	datagram.len = out.len;
	put_in(&datagram);
}

/* By somebody who knows GSK_e, as every member does. */
static void seal_raw(uint8_t flags, uint8_t first, struct gikev2_chunk text)
{
	struct gikev2_kek *kek = server_kek();
	struct gikev2_header header = { .version = GIKEV2_VERSION,
					.exchange = GIKEV2_GSA_REKEY,
					.flags = GIKEV2_FLAG_I };
	size_t pieces = 1 + (flags & PIECES) / 8;
	size_t size = text.len / pieces + 1;
	struct gikev2_fragment fragment = {
		.total = pieces > 1 ? pieces : 0,
		.reserved = flags & RESERVED ? 0x7f : 0,
	};

	header.id = kek->next_id + (flags & AHEAD) / 2 - 1;
	memcpy(header.spi_i, kek->spi, GIKEV2_SPI_LEN);
	memcpy(header.spi_r, kek->spi + GIKEV2_SPI_LEN, GIKEV2_SPI_LEN);
	for (size_t i = 0; i < pieces; i++) {
		struct gikev2_chunk part = { text.ptr, text.len < size
							       ? text.len
							       : size };

		fragment.number = pieces > 1 ? i + 1 : 0;
		seal(&header, i ? 0 : first, &fragment, part);
		text.ptr += part.len;
		text.len -= part.len;
	}
}

/* By the key server itself; what can be read at all. */
static void seal_signed(uint8_t first, struct gikev2_chunk text)
{
	struct gikev2 *engine = play.scene.ks->engine;
	struct gikev2_kek *kek = server_kek();
	struct gikev2_payloads *payloads = &engine->scratch->rx_payloads;
	struct gikev2_path path = { play.scene.ks->address, kek->destination };
	struct gikev2_octets flight = { 0 };

	engine->arena.used = 0;
	if (gikev2_payloads_parse(text, first, &engine->arena, payloads) == 0 &&
	    gikev2_push_seal(engine, kek, payloads, play.settings & FRAGMENTS,
			     &flight) == 0)
		gikev2_flight_send(engine, &path, gikev2_chunk(&flight));
	gikev2_octets_free(&flight);
}

/* ------------------------------------------------------------------------ events */

/* To whom, in bits; which. */
static void deliver(uint8_t mask)
{
	const struct world_datagram *datagram = in_bag(fuzz_u8(&play.input));

	for (size_t i = 0; datagram && i < MEMBERS; i++) {
		struct world_node *to = member(i);
		struct gikev2_path path = { datagram->path.remote,
					    play.scene.ks->address };

		if (mask >> i & 1)
			gikev2_input(to->engine, &path, datagram->octets,
				     datagram->len, play.scene.world->now);
		check();
	}
}

/* Which; at, how. */
static void change(uint8_t which)
{
	struct world_datagram *datagram = in_bag(which);
	uint16_t at = fuzz_u16(&play.input);
	uint8_t how = fuzz_u8(&play.input);

	if (datagram && datagram->len)
		datagram->octets[at % datagram->len] ^= how;
}

static struct gikev2_chunk text_of(uint8_t *room, uint8_t flags, uint8_t first)
{
	struct gikev2_kek *kek = server_kek();
	struct gikev2_chunk from =
		fuzz_take(&play.input, fuzz_u16(&play.input) % TEXT_MAX);

	if (from.len)
		memcpy(room, from.ptr, from.len);
	if (flags & KEYS)
		fuzz_right_keys(play.scene.ks->engine, first, room, from.len,
				kek->kwa, kek->gsk_w);
	return (struct gikev2_chunk){ room, from.len };
}

/*
 * Flags; type of the first payload, length, octets.  A key server that says
 * anything: of what members do then, less is known.
 */
static void forge(uint8_t flags)
{
	static uint8_t room[TEXT_MAX];
	uint8_t first = fuzz_u8(&play.input);
	struct gikev2_chunk text = text_of(room, flags, first);

	play.scene.forged = true;
	if (play.settings & SIGNED)
		seal_signed(first, text);
	else
		seal_raw(flags, first, text);
}

/*
 * Likewise, by a member in the key server's place.  It knows all but the
 * signing key, so that where messages are signed nobody believes it.
 */
static void intrude(uint8_t flags)
{
	static uint8_t room[TEXT_MAX];
	uint8_t first = fuzz_u8(&play.input);
	struct gikev2_chunk text = text_of(room, flags, first);

	if (!(play.settings & SIGNED))
		play.scene.forged = true;
	seal_raw(flags, first, text);
}

static void roll(uint8_t arg)
{
	(void)arg;
	gikev2_group_rekey(play.scene.ks->group, play.scene.world->now);
}

static void exclude(uint8_t arg)
{
	const struct gikev2_id *id = &member(arg)->identity;

	note_keys();
	play.scene.ks->peers[arg % MEMBERS].authorized = false;
	if (gikev2_group_exclude(play.scene.ks->group, id,
				 play.scene.world->now) > 0)
		play.out[arg % MEMBERS] = true;
}

static void pass(uint8_t seconds)
{
	world_run(play.scene.world, seconds * GIKEV2_SECOND);
}

static void (*const events[])(uint8_t arg) = {
	deliver, change, forge, intrude, roll, exclude, pass,
};
#define EVENT_COUNT (sizeof(events) / sizeof(events[0]))

/* -------------------------------------------------------------------------- life */

/* As the settings say; the members have registered. */
static void set_up(void)
{
	struct world *world;

	play.scene = fuzz_scene_new(
		1, play.settings & SIGNED ? FUZZ_SIGNED : FUZZ_IMPLICIT,
		MEMBERS);
	world = play.scene.world;
	world->wire = on_the_wire;
	if (play.settings & FRAGMENTS)
		world->params.fragment_size = 200;
	if (play.settings & CLASSIC)
		world->params.suite_disabled =
			gikev2_suite_bit(GIKEV2_XF_ENCR, GIKEV2_ENCR_AES_GCM_16,
					 256) |
			gikev2_suite_bit(GIKEV2_XF_ENCR, GIKEV2_ENCR_AES_GCM_16,
					 128) |
			gikev2_suite_bit(GIKEV2_XF_ENCR,
					 GIKEV2_ENCR_CHACHA20_POLY1305, 0);
	for (size_t i = 0; i < world->node_count; i++)
		gikev2_set_params(world->nodes[i].engine, &world->params);
	play.scene.ks->group_config.rekey.lkh_degree =
		2 + (play.settings & DEGREE) / 8 % 3;
	play.scene.ks->group_config.rekey.members_max = MEMBERS + 1;
	world_crash(play.scene.ks);
	world_boot(play.scene.ks);
	gikev2_set_params(play.scene.ks->engine, &world->params);
	fuzz_serve(&play.scene);
	for (size_t i = 0; i < MEMBERS; i++)
		world_join(member(i), play.scene.ks, WORLD_ALL_ALGORITHMS);
	world_run(world, 30 * GIKEV2_SECOND);
	for (size_t i = 0; i < MEMBERS; i++)
		FUZZ_CHECK(world_state(member(i)) == GIKEV2_GM_KEY_TABLE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(&play, 0, sizeof(play));
	play.input = (struct fuzz_input){ data, size };
	play.settings = fuzz_u8(&play.input);
	set_up();
	check();
	for (int i = 0; play.input.left && i < EVENTS_MAX; i++) {
		uint8_t what = fuzz_u8(&play.input) % EVENT_COUNT;

		events[what](fuzz_u8(&play.input));
		check();
	}
	fuzz_scene_free(&play.scene);
	return 0;
}
