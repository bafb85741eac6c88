package dev.daxverbs.benchmarks;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Says how many operations each call of a benchmark makes: {@link Bench} divides by it. JMH's own annotation for this would divide
 * each sample as a whole number of nanoseconds, which cuts off what is to be seen.
 */
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface OperationsASample {
    /**
     * How many.
     *
     * @return 1 or more
     */
    int value();
}
