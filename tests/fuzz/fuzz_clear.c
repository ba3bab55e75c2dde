// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Datagrams from strangers: to a key server, and to a member with an open
 * IKE_SA_INIT.
 *
 * Input: one octet of settings, then datagrams, each as
 *   flags(1) length(2) octets
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz_util.h"

#define DATAGRAMS_MAX 32

enum setting {
	COOKIES = 1 << 0, /* the server asks for one from the first on */
	FEW = 1 << 1,	  /* three half-open SAs at most */
};

enum flag {
	TO_MEMBER = 1 << 0, /* else to the server */
	LENGTH = 1 << 1,    /* put the header's length right */
	SPI_I = 1 << 2,	    /* the SPI of the member's open SA */
	SPI_R = 1 << 3,	    /* the SPI of an SA of the server's */
	PASS = 1 << 4,	    /* then let the world deliver what is on its way */
	TIME = 1 << 5,	    /* then let a second pass */
	RESPONSE = 1 << 6,  /* flags of a response to an IKE_SA_INIT */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void patch(struct fuzz_scene *scene, uint8_t flags, uint8_t *octets,
		  size_t len)
{
	const struct gikev2_ike *of_member = scene->r1->engine->ikes;
	const struct gikev2_ike *of_server = scene->ks->engine->ikes;

	if (len < GIKEV2_HEADER_LEN)
		return;
	if (flags & LENGTH)
		gikev2_put_int(octets + 24, len, 4);
	if (flags & SPI_I && of_member)
		memcpy(octets, of_member->spi_i, GIKEV2_SPI_LEN);
	if (flags & SPI_R && of_server)
		memcpy(octets + 8, of_server->spi_r, GIKEV2_SPI_LEN);
	if (flags & RESPONSE) {
		octets[17] = GIKEV2_VERSION;
		octets[18] = GIKEV2_IKE_SA_INIT;
		octets[19] = GIKEV2_FLAG_R;
		memset(octets + 20, 0, 4);
	}
}

/* One datagram of the input, in memory of exactly its size. */
static void one_datagram(struct fuzz_scene *scene, struct fuzz_input *input)
{
	uint8_t flags = fuzz_u8(input);
	size_t len = fuzz_u16(input);
	struct gikev2_chunk from = fuzz_take(input, len);
	struct world_node *to = flags & TO_MEMBER ? scene->r1 : scene->ks;
	struct world_node *as = flags & TO_MEMBER ? scene->ks : scene->r1;
	struct gikev2_path path = { to->address, as->address };
	uint8_t *octets = malloc(from.len ? from.len : 1);

	FUZZ_CHECK(octets);
	if (from.len)
		memcpy(octets, from.ptr, from.len);
	patch(scene, flags, octets, from.len);
	gikev2_input(to->engine, &path, octets, from.len, scene->world->now);
	free(octets);
	fuzz_check(scene);
	if (flags & PASS)
		while (scene->world->queued)
			world_step(scene->world, GIKEV2_NEVER);
	if (flags & TIME)
		world_run(scene->world, GIKEV2_SECOND);
	fuzz_check(scene);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	struct fuzz_scene scene = fuzz_scene_new(1, FUZZ_INBAND, 1);
	uint8_t settings = fuzz_u8(&input);

	if (settings & COOKIES)
		scene.world->params.cookie_threshold = 0;
	if (settings & FEW)
		scene.world->params.half_open_max = 3;
	gikev2_set_params(scene.ks->engine, &scene.world->params);
	world_join(scene.r1, scene.ks, WORLD_ALL_ALGORITHMS);
	for (int i = 0; input.left && i < DATAGRAMS_MAX; i++)
		one_datagram(&scene, &input);
	fuzz_scene_free(&scene);
	return 0;
}
