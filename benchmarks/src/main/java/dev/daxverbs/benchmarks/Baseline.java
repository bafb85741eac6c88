package dev.daxverbs.benchmarks;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Says with what {@link Bench} compares the benchmarks of a class. */
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Baseline {
    /**
     * The method that the others of the class are compared with; or, where the class has a parameter, the value of it with which the
     * other values of the same method are compared.
     *
     * @return a method's name or a parameter's value
     */
    String value();

    /**
     * The parameter whose value that is, where the class has several; the others' values are then not compared with one another.
     *
     * @return its name; empty for the only one
     */
    String parameter() default "";

    /**
     * Whether it is a method although the class has parameters: then the methods are compared with one another, for each value of them.
     *
     * @return true if so
     */
    boolean methods() default false;
}
