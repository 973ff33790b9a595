/* SPDX-License-Identifier: MIT */
/* The configuration parser: what xl accepts is accepted, what xl lets slip is an error with a place. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/pvctl/config.h"

static struct config config;
static struct config_source file, words;
static struct config_problems problems;

static int load_with(const char *text, size_t size, char *const *arguments)
{
    memset(&problems, 0, sizeof(problems));
    file = (struct config_source){"t.cfg", text, size};
    return config_load(&file, arguments, &words, &config, &problems);
}

static int load(const char *text)
{
    return load_with(text, strlen(text), NULL);
}

static void done(void)
{
    config_free(&config, &words);
}

/* The first problem: its place and the beginning of its message. */
static void assert_problem(const char *text, size_t line, size_t column, const char *message)
{
    size_t at_line, at_column;

    cr_assert_eq(load(text), -1, "accepted: %s", text);
    cr_assert_gt(problems.count, 0);
    config_problem_position(&problems.items[0].span, &at_line, &at_column);
    cr_assert_eq(at_line, line, "line %zu: %s", at_line, problems.items[0].message);
    cr_assert_eq(at_column, column, "column %zu: %s", at_column, problems.items[0].message);
    cr_assert_not_null(strstr(problems.items[0].message, message), "%s", problems.items[0].message);
    done();
}

#define BASE "name=\"a\"\nkernel='k'\n"

Test(config, a_plain_file_is_read)
{
    cr_assert_eq(load(BASE "memory=32\ndisk=[\"x.img,raw,xvda,w\"]\n"), 0);
    cr_assert_str_eq(config.name, "a");
    cr_assert_eq(config.memory_kib, 32 * 1024);
    cr_assert_eq(config.nr_disks, 1);
    cr_assert_str_eq(config.disks[0].target, "x.img");
    cr_assert_str_eq(config.disks[0].vdev, "xvda");
    cr_assert(config.disks[0].writable);
    done();
}

Test(config, semicolons_hexadecimal_comments_and_no_last_newline_are_fine)
{
    cr_assert_eq(load("memory=0x20\nname=\"b\";vcpus=1;kernel='k' # c\n# last"), 0);
    cr_assert_eq(config.memory_kib, 32 * 1024);
    cr_assert_str_eq(config.name, "b");
    done();
}

Test(config, texts_and_lists_are_extended_by_plus_equals)
{
    cr_assert_eq(
        load(BASE "extra=\"x\"\nextra+=\" y\"\nvif=['mac=00:16:3e:00:00:01',\n]\nvif+=['']"), 0);
    cr_assert_str_eq(config.command_line, "x y");
    cr_assert_eq(config.nr_vifs, 2);
    done();
}

Test(config, a_device_of_any_type_has_keys_for_either_end)
{
    const struct config_device *device = &config.devices[0];

    cr_assert_eq(
        load(BASE "device=['hello, backend=driver ,speed=3,front.colour=a=b', 'x-1,devid=7']"), 0);
    cr_assert_eq(config.nr_devices, 2);
    cr_assert_str_eq(device->type, "hello");
    cr_assert_str_eq(device->backend, "driver");
    cr_assert_eq(device->id, -1);
    cr_assert_eq(device->nr_keys, 2);
    cr_assert_str_eq(device->keys[0].key, "speed");
    cr_assert_str_eq(device->keys[0].value, "3");
    cr_assert(!device->keys[0].front);
    cr_assert_str_eq(device->keys[1].key, "colour");
    cr_assert_str_eq(device->keys[1].value, "a=b");
    cr_assert(device->keys[1].front);
    cr_assert_str_eq(device[1].type, "x-1");
    cr_assert_null(device[1].backend);
    cr_assert_eq(device[1].id, 7);
    done();
}

Test(config, CFG1_a_bad_part_of_a_device_is_marked_itself)
{
    assert_problem(BASE "device='hello'", 3, 8, "`device' takes a list");
    assert_problem(BASE "device=[3]", 3, 9, "a device is described by a 'text'");
    assert_problem(BASE "device=['']", 3, 10, "this is no type of device");
    assert_problem(BASE "device=['Hello']", 3, 10, "this is no type of device");
    assert_problem(BASE "device=['a/b']", 3, 10, "this is no type of device");
    assert_problem(BASE "device=['vbd']", 3, 10, "this type has a key of its own");
    cr_assert_eq(load(BASE "device=['vbd,backend=driver']"), 0);
    done();
    assert_problem(BASE "device=['hello,fast']", 3, 16, "expected key=value: `fast'");
    assert_problem(BASE "device=['hello, backend=']", 3, 17, "the back end's domain is missing");
    assert_problem(BASE "device=['hello,devid=x']", 3, 16, "this is no device number");
    assert_problem(BASE "device=['hello,devid=65536']", 3, 16, "this is no device number");
    assert_problem(BASE "device=['hello,a=1,state=4']", 3, 20, "the toolstack writes this key");
    assert_problem(BASE "device=['hello,front.backend-id=4']", 3, 16, "the toolstack writes this");
    assert_problem(BASE "device=['hello,a/b=4']", 3, 16, "this is no name for a node");
    assert_problem(BASE "device=['hello,=4']", 3, 16, "this is no name for a node");
    assert_problem(BASE "device=['hello,a=1,a=2']", 3, 20, "this key is there twice");
    /* With an escape in it the text's own place is all that is known. */
    assert_problem(BASE "device=['he\\x6clo,fast']", 3, 9, "expected key=value: `fast'");
}

Test(config, root_and_extra_make_the_command_line)
{
    cr_assert_eq(load(BASE "root='/dev/xvda'\nextra='ro quiet'"), 0);
    cr_assert_str_eq(config.command_line, "root=/dev/xvda ro quiet");
    done();
}

Test(config, sizes_have_units)
{
    uint64_t kib;

    cr_assert_eq(load(BASE "memory='1G'"), 0);
    cr_assert_eq(config.memory_kib, 1024 * 1024);
    done();
    cr_assert_eq(config_parse_size("64K", &kib), 0);
    cr_assert_eq(kib, 64);
    cr_assert_eq(config_parse_size("64MiB", &kib), 0);
    cr_assert_eq(kib, 65536);
    cr_assert_eq(config_parse_size("x", &kib), -1);
    cr_assert_eq(config_parse_size("99999999999999999999", &kib), -1);
    cr_assert_eq(config_parse_size("1Q", &kib), -1);
}

Test(config, mistakes_that_xl_lets_slip_are_errors_at_their_place)
{
    assert_problem("name=\"a\"\nmemroy=64\nkernel='k'", 2, 1, "no key `memroy'");
    assert_problem(BASE "memory=\"lots\"", 3, 8, "`memory' takes MiB");
    assert_problem(BASE "disk=\"x.img,raw,xvda,w\"", 3, 6, "`disk' takes a list");
    assert_problem(BASE "memory=010", 3, 8, "octal");
    assert_problem(BASE "memory=1\nmemory=2", 4, 1, "second time");
    assert_problem(BASE "memory+=32\nmemory+=1", 4, 1, "cannot be extended");
    assert_problem(BASE "vcpus='2'", 3, 7, "takes a number");
    assert_problem(BASE "memory=99999999999999", 3, 8, "between");
}

Test(config, mistakes_that_xl_finds_are_found)
{
    assert_problem("Name=\"a\"\nkernel='k'", 1, 1, "no key `Name'");
    assert_problem("name=a\nkernel='k'", 1, 6, "expected a value");
    assert_problem("name='a\n", 1, 6, "no closing");
    assert_problem("name=\"a\"\nimport os\n", 2, 8, "expected `='");
    assert_problem(BASE "memory=-1", 3, 8, "negative");
    assert_problem(BASE "memory=1.5", 3, 9, "`.' has no meaning");
    assert_problem("name=\"\\q\"\nkernel='k'", 1, 7, "no such escape");
    assert_problem(BASE "vif=[", 3, 5, "no closing ]");
    assert_problem(BASE "]", 3, 1, "expected a key");
}

Test(config, a_typo_gets_a_suggestion)
{
    cr_assert_eq(load(BASE "memroy=64"), -1);
    cr_assert_str_eq(problems.items[0].hint, "did you mean `memory'?");
    done();
    cr_assert_eq(load(BASE "on_crash='destory'"), -1);
    cr_assert_str_eq(problems.items[0].hint, "did you mean `destroy'?");
    done();
}

Test(config, all_problems_come_at_once)
{
    cr_assert_eq(load("name=a\nmemroy=1\nvcpus=99\nkernel=\n"), -1);
    cr_assert_eq(problems.count, 4);
    done();
}

Test(config, keys_of_xl_that_are_not_served_are_refused_by_name)
{
    assert_problem(BASE "pci=['00:01.0']", 3, 1, "not served");
    assert_problem(BASE "type='hvm'", 3, 6, "only type \"pv\"");
    assert_problem(BASE "on_crash='coredump'", 3, 10, "coredump"); /* no such action */
}

Test(config, words_of_the_command_line_replace_and_extend)
{
    char *arguments[] = {(char *)"memory=64", (char *)"name=other", (char *)"extra+=more", NULL};

    cr_assert_eq(
        load_with(BASE "memory=32\nextra='x '", strlen(BASE "memory=32\nextra='x '"), arguments),
        0);
    cr_assert_eq(config.memory_kib, 64 * 1024);
    cr_assert_str_eq(config.name, "other");
    cr_assert_str_eq(config.command_line, "x more");
    done();
}

/* The disks of xl's own transcript: which are valid, and what they mean. */
Test(config, disks_are_read_as_xl_reads_them)
{
    static const struct {
        const char *text, *target, *vdev;
        int writable;
    } good[] = {
        {"phy:/dev/vg/a,xvda,w", "/dev/vg/a", "xvda", 1},
        {"phy:vdb,xvda,w", "/dev/vdb", "xvda", 1},
        {"phy:/dev/vda,xvda,r", "/dev/vda", "xvda", 0},
        {"phy:vdaa,xvda,r", "vdaa", "xvda", 0},
        {"file:/a.img,xvda,w", "/a.img", "xvda", 1},
        {"tap2:aio:/a.img,xvda,w", "/a.img", "xvda", 1},
        {"/a.img,,xvda", "/a.img", "xvda", 1},
        {"/a.img,,xvda,,cdrom", "/a.img", "xvda", 0},
        {"format=raw, vdev=xvda, access=ro, target=/a.img", "/a.img", "xvda", 0},
        {"raw:/dev/vg/g,hda,w", "/dev/vg/g", "hda", 1},
        {"vdev=xvda,target=/a,b.img, raw", "/a,b.img, raw", "xvda", 1},
    };
    static const char *const bad[] = {
        "foo=bar,vdev=xvda,target=x.img",
        "x.img,raw,xvda,q",
        "x.img,rwa,xvda,w",
        "x.img,raw",
        "target=/a,b.img, raw ,xvda",
        "/a.img,xvda,w",
        "/a.img,raw,xvda,rw,extra",
        "",
        "x.img,qcow2,xvda,w",
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        char text[256];

        snprintf(text, sizeof(text), BASE "disk=['%s']", good[i].text);
        cr_assert_eq(load(text), 0, "%s: %s", good[i].text, problems.items[0].message);
        cr_assert_str_eq(config.disks[0].target, good[i].target);
        cr_assert_str_eq(config.disks[0].vdev, good[i].vdev);
        cr_assert_eq(config.disks[0].writable, good[i].writable);
        cr_assert_eq(config.disks[0].of_machine, strncmp(good[i].target, "/dev/vd", 7) == 0);
        done();
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[256];

        snprintf(text, sizeof(text), BASE "disk=['%s']", bad[i]);
        cr_assert_eq(load(text), -1, "accepted: %s", bad[i]);
        done();
    }
}

Test(config, bytes_that_are_no_text_are_one_problem)
{
    cr_assert_eq(load_with("\x7f"
                           "ELF\0\0\n\1\2",
                           9, NULL),
                 -1);
    cr_assert_eq(problems.count, 1);
    done();
}

Test(config, an_endless_line_and_deep_lists_are_refused)
{
    char *text = malloc((1u << 20) + 16);

    memset(text, 'a', (1u << 20) + 15);
    cr_assert_eq(load_with(text, (1u << 20) + 1, NULL), -1);
    done();
    memset(text, '[', 1000);
    memcpy(text, "vif=", 4);
    cr_assert_eq(load_with(text, 1000, NULL), -1);
    done();
    free(text);
}

Test(config, the_files_a_configuration_names_are_listed)
{
    const char *files[CONFIG_MAX_FILES];

    cr_assert_eq(load(BASE "ramdisk='r'\ndisk=['d,raw,xvda,w']"), 0);
    cr_assert_eq(config_files(&config, files), 3);
    cr_assert_str_eq(files[0], "k");
    cr_assert_str_eq(files[1], "r");
    cr_assert_str_eq(files[2], "d");
    done();
}

Test(config, a_vif_that_cannot_be_is_told_with_what_to_do)
{
    static const struct {
        const char *vif, *hint;
    } wrong[] = {
        {"'mac=00:16:3e:00:00'", "six bytes"},
        {"'mac=00:16:3e:00:00:zz'", "six bytes"},
        {"'mac=01:16:3e:00:00:01'", "the first one even"},
        {"'mac='", "six bytes"},
        {"'mtu=12'", "from 68"},
        {"'mtu=1500x'", "from 68"},
        {"'vifname=a-name-that-is-too-long'", "at most 15"},
        {"'colour=red'", "mac, bridge"},
        {"'mac'", "mac, bridge"},
        {"'backend=other'", "leave it out"},
        {"'type=ioemu'", "leave it out"},
        {"'rate=1Mb/s'", "leave it out"},
        {"'mac=00:16:3e:00:00:01','mac=00:16:3E:00:00:01'", "one of its own"},
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[256];

        snprintf(text, sizeof(text), "%svif=[%s]\n", BASE, wrong[i].vif);
        cr_assert_neq(load(text), 0, "%s", wrong[i].vif);
        cr_assert_eq(problems.count, 1u, "%s", wrong[i].vif);
        cr_assert_not_null(strstr(problems.items[0].hint, wrong[i].hint), "%s: %s", wrong[i].vif,
                           problems.items[0].hint);
        done();
    }
}

/* Random edits of a valid file: never a crash, and a problem's place is inside the text. */
Test(config, damaged_files_are_survived)
{
    static const char seed[] =
        BASE "memory=32\nvcpus=1\ndisk=['a,raw,xvda,w', \"target=b\"]\n"
             "vif=['mac=00:16:3e:1:2:3','']\nextra+=\"\\x41\\n\"\nuuid='1-2'\n";
    unsigned int state = 12345;

    for (int round = 0; round < 20000; round++) {
        char text[sizeof(seed)];

        memcpy(text, seed, sizeof(seed));
        for (int edit = 0; edit < 3; edit++) {
            state = state * 1103515245u + 12345u;
            text[(state >> 8) % (sizeof(seed) - 1)] = "\"'[],;=+\n\\#0x- az\x01"[state % 18];
        }
        load_with(text, sizeof(seed) - 1, NULL);
        for (size_t i = 0; i < problems.count; i++) {
            const struct config_span *span = &problems.items[i].span;

            cr_assert_leq(span->start, span->source->size);
        }
        done();
    }
}
