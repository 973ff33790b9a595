/* SPDX-License-Identifier: MIT */
/*
 * What one end has of its own, for both are in one program: the functions of device.c, the list of drivers.
 * Before everything of a driver, with SIM_END defined as `front` or `back`, and its main renamed.
 */
#ifndef SIM_END
#define SIM_END nobody
#endif
#define SIM_JOIN_(a, b)       a##b
#define SIM_JOIN(a, b)        SIM_JOIN_(a, b)
#define SIM_TEXT_(a)          #a
#define SIM_TEXT(a)           SIM_TEXT_(a)
#define DEVICE_DRIVER_SECTION SIM_TEXT(SIM_JOIN(SIM_END, _drivers))
#define device_start          SIM_JOIN(SIM_END, _device_start)
#define device_give_up        SIM_JOIN(SIM_END, _device_give_up)
#define pvk_drivers_start     SIM_JOIN(__start_, SIM_JOIN(SIM_END, _drivers))
#define pvk_drivers_end       SIM_JOIN(__stop_, SIM_JOIN(SIM_END, _drivers))
