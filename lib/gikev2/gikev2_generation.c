// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key server's keys.
 */
#include <string.h>

#include "gikev2/gikev2_generation.h"

/*
 * Key octets are drawn from 64 characters, so that they are at the same time
 * a key string that any router can be given by hand; 6 bits each.
 */
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz"
			       "0123456789-_";

struct gikev2_generation *
gikev2_youngest(struct gikev2_generations *generations)
{
	if (!generations->count)
		return NULL;
	return &generations->gen[generations->count - 1];
}

static int draw_key(struct gikev2 *engine, struct keytable_row *row)
{
	int ret = gikev2_random(engine, row->key, row->key_len);

	if (!row->algorithm) /* IPsec takes any octets */
		return ret;
	for (size_t i = 0; i < row->key_len; i++)
		row->key[i] = alphabet[row->key[i] & 63];
	return ret;
}

/* SPIs of IPsec differ whatever the protocol: the plain form has one number
 * for all of them. */
static bool id_alive(const struct gikev2_generations *generations,
		     const struct keytable_protocol *protocol, uint32_t id)
{
	for (size_t i = 0; i < generations->count; i++)
		for (size_t j = 0; j < generations->gen[i].count; j++) {
			const struct keytable_row *row =
				&generations->gen[i].row[j];

			if (row->id == id &&
			    (row->protocol == protocol->wire ||
			     (protocol->applier == KEYTABLE_APPLY_IPSEC &&
			      !row->algorithm)))
				return true;
		}
	return false;
}

/*
 * Round robin, so that an ID rests as long as there are others.  Where it
 * begins is random: after a restart without memory, the keys that members
 * still hold most likely have other IDs.
 */
static int draw_id(struct gikev2 *engine,
		   const struct gikev2_generations *generations,
		   const struct keytable_protocol *protocol, uint32_t *last)
{
	uint64_t span = (uint64_t)protocol->id_new_max - protocol->id_min + 1;
	uint32_t id = *last;
	uint8_t octets[4];

	if (!id) {
		if (gikev2_random(engine, octets, sizeof(octets)) < 0)
			return -GIKEV2_ERR_NO_RANDOM;
		id = protocol->id_min +
		     gikev2_get_int(octets, sizeof(octets)) % span;
	}
	do {
		id = id >= protocol->id_new_max ? protocol->id_min : id + 1;
	} while (id_alive(generations, protocol, id));
	*last = id;
	return 0;
}

static int draw_row(struct gikev2 *engine,
		    struct gikev2_generations *generations,
		    const struct keytable_row *sample, uint32_t lifetime,
		    struct keytable_row *row, uint64_t now)
{
	const struct keytable_protocol *protocol =
		keytable_protocol_by_wire(sample->protocol);
	size_t count;
	/* SPIs of IPsec are unique in all groups of the server */
	uint32_t *last =
		protocol->applier == KEYTABLE_APPLY_IPSEC
			? &engine->last_spi
			: &generations->last_id[protocol -
						keytable_protocols(&count)];
	int ret;

	*row = *sample;
	row->accept_start = now;
	row->send_end = row->accept_end = now + lifetime * GIKEV2_SECOND;
	ret = draw_id(engine, generations, protocol, last);
	row->id = *last;
	return ret < 0 ? ret : draw_key(engine, row);
}

size_t gikev2_generations_base(const struct gikev2_generations *generations)
{
	size_t base = 0;

	for (size_t i = 1; i < generations->count; i++)
		if (generations->gen[i].atd_end < generations->unsure_atd)
			base = i;
	return base;
}

int gikev2_generation_add(struct gikev2 *engine,
			  struct gikev2_generations *generations,
			  const struct gikev2_plan *plan, uint64_t atd,
			  uint64_t dtd, uint64_t now)
{
	struct gikev2_generation *youngest = gikev2_youngest(generations);
	struct gikev2_generation gen = {
		.number = youngest ? youngest->number + 1 : 1,
		.change = generations->changes + 1,
		.told = generations->changes + 1,
		.created = now,
		.atd_end = now + atd,
		.dtd_end = now + dtd,
	};
	int ret = 0;

	if (generations->count == GIKEV2_GENERATIONS_MAX)
		return -GIKEV2_ERR_BUSY;
	for (size_t i = 0; ret == 0 && i < plan->count; i++) {
		ret = draw_row(engine, generations, &plan->row[i],
			       plan->lifetime[i], &gen.row[i], now);
		gen.row[i].send_start = gen.atd_end;
		gen.since[i] = gen.change;
		gen.count++;
	}
	if (ret == 0) {
		generations->gen[generations->count++] = gen;
		generations->changes = gen.change;
	}
	explicit_bzero(&gen, sizeof(gen));
	return ret;
}

static void drop(struct gikev2_generations *generations, size_t at)
{
	size_t after = --generations->count - at;

	memmove(&generations->gen[at], &generations->gen[at + 1],
		after * sizeof(generations->gen[0]));
	explicit_bzero(&generations->gen[generations->count],
		       sizeof(generations->gen[0]));
}

bool gikev2_generations_make_room(struct gikev2_generations *generations,
				  uint64_t atd_end)
{
	for (size_t i = 1; i < generations->count; i++)
		if (generations->gen[i].atd_end >= atd_end) {
			drop(generations, i);
			return true;
		}
	return false;
}

int gikev2_generations_restart(struct gikev2 *engine,
			       struct gikev2_generations *generations,
			       const struct gikev2_plan *plan, uint64_t now)
{
	int ret;

	if (generations->count == GIKEV2_GENERATIONS_MAX)
		drop(generations, 0);
	ret = gikev2_generation_add(engine, generations, plan, 0, 0, now);
	generations->unsure_atd = generations->unsure_dtd = 0;
	gikev2_generations_expire(generations, now);
	return ret;
}

/* --------------------------------------------------------- SAs of one sender */

static void remove_row(struct gikev2_generation *gen, size_t at)
{
	size_t after = --gen->count - at;

	memmove(&gen->row[at], &gen->row[at + 1], after * sizeof(gen->row[0]));
	memmove(&gen->since[at], &gen->since[at + 1],
		after * sizeof(gen->since[0]));
	memmove(&gen->replaced[at], &gen->replaced[at + 1],
		after * sizeof(gen->replaced[0]));
	keytable_wipe(&gen->row[gen->count], 1);
	gen->replaced[gen->count] = false;
}

/* What is only there to be deleted gives way, the oldest first. */
static bool make_room(struct gikev2_generation *gen)
{
	for (size_t i = 0;
	     gen->count == GIKEV2_GENERATION_ROWS && i < GIKEV2_GENERATION_ROWS;
	     i++)
		if (gen->replaced[i])
			remove_row(gen, i);
	return gen->count < GIKEV2_GENERATION_ROWS;
}

static void replace(struct gikev2_generation *gen,
		    const struct keytable_row *sample)
{
	for (size_t i = 0; i < gen->count; i++)
		if (gen->row[i].protocol == sample->protocol &&
		    gen->row[i].ipsec.sender == sample->ipsec.sender)
			gen->replaced[i] = true;
}

bool gikev2_generations_end_sender(struct gikev2_generations *generations,
				   uint64_t sender)
{
	bool ended = false;

	for (size_t i = 0; i < generations->count; i++) {
		struct gikev2_generation *gen = &generations->gen[i];

		for (size_t j = 0; j < gen->count; j++)
			if (gen->row[j].ipsec.sender == sender &&
			    !gen->replaced[j])
				ended = gen->replaced[j] = true;
	}
	return ended;
}

int gikev2_generation_add_sender(struct gikev2 *engine,
				 struct gikev2_generations *generations,
				 const struct keytable_row *sample,
				 uint32_t lifetime, uint64_t dtd, uint64_t now)
{
	struct gikev2_generation *gen = gikev2_youngest(generations);
	struct keytable_row row;
	int ret;

	ret = draw_row(engine, generations, sample, lifetime, &row,
		       gen->created);
	if (ret == 0) {
		replace(gen, sample);
		ret = make_room(gen) ? 0 : -GIKEV2_ERR_LIMIT;
	}
	for (size_t i = 0; ret == 0 && i < generations->count; i++)
		replace(&generations->gen[i], sample);
	if (ret == 0) {
		row.accept_start = row.send_start = now;
		generations->replaced_end = now + dtd;
		gen->since[gen->count] = ++generations->changes;
		gen->row[gen->count++] = row;
	}
	keytable_wipe(&row, 1);
	return ret;
}

bool gikev2_generation_current(const struct gikev2_generations *generations,
			       const struct gikev2_generation *gen, size_t at)
{
	return gen == &generations->gen[generations->count - 1] &&
	       !gen->replaced[at];
}

/* Is it over for every member that has heard of the youngest? */
static bool is_over(const struct gikev2_generations *generations, size_t at)
{
	while (++at < generations->count)
		if (generations->gen[at].at_once)
			return true;
	return false;
}

void gikev2_generations_end_older(struct gikev2_generations *generations)
{
	struct gikev2_generation *gen = gikev2_youngest(generations);

	gen->at_once = true;
	gen->atd_end = gen->created;
	for (size_t i = 0; i < gen->count; i++)
		gen->row[i].send_start = gen->created;
	generations->replaced_end = 0;
}

uint64_t gikev2_generation_dtd_end(const struct gikev2_generation *gen)
{
	return gen->at_once ? gen->created : gen->dtd_end;
}

bool gikev2_generation_alive(const struct gikev2_generations *generations,
			     const struct gikev2_generation *gen, size_t at)
{
	const struct gikev2_generation *youngest =
		&generations->gen[generations->count - 1];
	const struct keytable_row *row = &gen->row[at];

	if (gen->replaced[at] || is_over(generations, gen - generations->gen))
		return false;
	if (!row->ipsec.sender || gen == youngest)
		return true;
	for (size_t i = 0; i < youngest->count; i++)
		if (youngest->row[i].protocol == row->protocol &&
		    (!youngest->row[i].ipsec.sender ||
		     youngest->row[i].ipsec.sender == row->ipsec.sender))
			return true;
	return false;
}

uint64_t gikev2_generation_at(const struct gikev2_generations *generations,
			      uint64_t change)
{
	for (size_t i = generations->count; i-- > 0;)
		if (generations->gen[i].change <= change)
			return generations->gen[i].number;
	return generations->count ? generations->gen[0].number - 1 : 0;
}

void gikev2_generation_drop(struct gikev2_generations *generations)
{
	generations->changes = gikev2_youngest(generations)->change - 1;
	explicit_bzero(&generations->gen[--generations->count],
		       sizeof(generations->gen[0]));
}

/* Ends the windows of a row where a later generation takes over. */
static void cut(struct keytable_row *row, const struct gikev2_generation *later)
{
	if (row->send_end > later->atd_end)
		row->send_end = later->atd_end;
	if (row->accept_end > later->dtd_end)
		row->accept_end = later->dtd_end;
}

size_t gikev2_generations_rows(const struct gikev2_generations *generations,
			       struct keytable_row *rows)
{
	size_t count = 0;

	for (size_t i = 0; i < generations->count; i++) {
		for (size_t j = 0; j < generations->gen[i].count; j++) {
			if (generations->gen[i].replaced[j] ||
			    is_over(generations, i))
				continue;
			rows[count] = generations->gen[i].row[j];
			for (size_t k = i + 1; k < generations->count; k++)
				cut(&rows[count], &generations->gen[k]);
			count++;
		}
	}
	return count;
}

/* The last instant at which somebody may use it, but for the youngest. */
static uint64_t end_of(const struct gikev2_generations *generations, size_t at)
{
	if (at + 1 == generations->count)
		return GIKEV2_NEVER;
	return generations->gen[at + 1].dtd_end;
}

void gikev2_generations_expire(struct gikev2_generations *generations,
			       uint64_t now)
{
	for (size_t i = generations->count; i-- > 0;) {
		if (end_of(generations, i) <= now)
			drop(generations, i);
	}
}

uint64_t gikev2_generations_next(const struct gikev2_generations *generations)
{
	uint64_t next = GIKEV2_NEVER;

	for (size_t i = 0; i < generations->count; i++)
		if (end_of(generations, i) < next)
			next = end_of(generations, i);
	return next;
}

void gikev2_generations_wipe(struct gikev2_generations *generations)
{
	explicit_bzero(generations, sizeof(*generations));
}
